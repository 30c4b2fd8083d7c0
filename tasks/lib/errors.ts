/** A mistake that the pipeline's author can mend: one sentence that says what is wrong, the value, and what to change. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** What a service answered, or why it could not be asked. */
export interface Refusal {
  method: string;
  /** Address without query and without credentials. */
  url: string;
  /** 0 when there was no answer at all. */
  status: number;
  /** The service's own sentences, `customProperties.ValidationResults` included. */
  reasons: string[];
  /** `GitItemNotFoundException` and the like, where the service names it. */
  typeKey?: string | undefined;
  activityId?: string | undefined;
  /** What a person can do about it, where that is known. */
  cure?: string | undefined;
}

/** A service said no, or could not be reached. `message` holds all of it in one line. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly refusal: Refusal,
    options?: ErrorOptions,
  ) {
    super(describeRefusal(refusal), options);
  }

  get status(): number {
    return this.refusal.status;
  }
}

function describeRefusal({ method, url, status, reasons, activityId, cure }: Refusal): string {
  const what = status ? `${method} ${url} was answered with ${status}` : `${method} ${url} had no answer`;
  const activity = activityId ? ` (activity ${activityId})` : '';
  const said = reasons.length ? `: ${reasons.join(' ')}` : '';
  return `${what}${activity}${said}${/[.!?]$/.test(said) || !said ? (said ? '' : '.') : '.'}${cure ? ` ${cure}` : ''}`;
}

/** True for an answer that would be the same again: the service understood and said no. What is lost or passes is none. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status } = error;
  return status === 203 || (status >= 300 && status < 500 && status !== 408 && status !== 429);
}

/** The person or the agent asked this step to stop. */
export class Canceled extends Error {
  override readonly name = 'Canceled';

  constructor() {
    super('The step was canceled.');
  }
}

/** The text of whatever was thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
