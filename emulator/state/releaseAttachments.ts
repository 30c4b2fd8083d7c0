/** What a task of one attempt of a stage attached. */
export interface ReleaseAttachment {
  /** Name of the stage. */
  environment: string;
  attempt: number;
  type: string;
  name: string;
  content: string;
}
