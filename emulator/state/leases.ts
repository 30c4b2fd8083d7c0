/** Keeps a run from being deleted by retention. Times in epoch ms. */
export interface Lease {
  leaseId: number;
  definitionId: number;
  runId: number;
  ownerId: string;
  createdOn: number;
  validUntil: number;
  protectPipeline: boolean;
}
