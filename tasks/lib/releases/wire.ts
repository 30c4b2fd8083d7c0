import type { Place } from '../azureDevOps';

/** The fields of a release that are used, as the service writes them. https://learn.microsoft.com/rest/api/azure/devops/release/releases/get-release */
export interface Release {
  id: number;
  name?: string;
  status?: string;
  description?: string | null;
  createdOn?: string;
  reason?: string;
  environments?: Environment[];
  artifacts?: ReleaseArtifact[];
  variables?: Record<string, ReleaseVariable>;
  tags?: string[];
  releaseDefinition?: { id?: number; name?: string; path?: string };
  /** Those that were asked for by name; a value comes with its type. */
  properties?: Record<string, unknown>;
  _links?: { web?: { href?: string } };
}

/** A stage of a release; the service calls it an environment. */
export interface Environment {
  id: number;
  name: string;
  definitionEnvironmentId?: number;
  rank?: number;
  status?: string;
  conditions?: Condition[];
  variables?: Record<string, ReleaseVariable>;
  preDeployApprovals?: Approval[];
  postDeployApprovals?: Approval[];
  deploySteps?: DeployStep[];
  /** The phases as they were in the definition when the release was created. */
  deployPhasesSnapshot?: PhaseSnapshot[] | null;
  scheduledDeploymentTime?: string | null;
}

export interface PhaseSnapshot {
  rank?: number;
  deploymentInput?: { queueId?: number; demands?: (string | { name?: string; value?: string | null })[] | null } | null;
}

/** What has to hold before a stage deploys by itself. */
export interface Condition {
  /** `ReleaseStarted`, the name of a stage, or the alias of an artifact. */
  name?: string;
  conditionType?: string;
  /** Of a stage: the flags of the statuses that count. */
  value?: string;
  result?: boolean | null;
}

export interface ReleaseVariable {
  value?: string | null;
  isSecret?: boolean;
  allowOverride?: boolean;
}

export interface Approval {
  id: number;
  approvalType?: string;
  status?: string;
  isAutomated?: boolean;
  attempt?: number;
  approver?: { displayName?: string } | null;
}

export interface DeployStep {
  attempt?: number;
  status?: string;
  operationStatus?: string;
  queuedOn?: string;
  lastModifiedOn?: string;
  hasStarted?: boolean;
  issues?: Issue[] | null;
  releaseDeployPhases?: DeployPhase[] | null;
}

export interface DeployPhase {
  name?: string;
  /** What its tasks attach lies below it. */
  runPlanId?: string | null;
  rank?: number;
  status?: string;
  deploymentJobs?: { job?: DeployTask; tasks?: DeployTask[] }[] | null;
}

export interface DeployTask {
  id: number;
  name?: string;
  status?: string;
  startTime?: string | null;
  finishTime?: string | null;
  issues?: Issue[] | null;
  logUrl?: string | null;
}

export interface Issue {
  issueType?: string;
  message?: string | null;
}

export interface ReleaseArtifact {
  alias?: string;
  type?: string;
  isPrimary?: boolean;
  definitionReference?: Record<string, { id?: string | null; name?: string | null } | null | undefined>;
}

/** https://learn.microsoft.com/rest/api/azure/devops/release/definitions/get */
export interface Definition {
  id: number;
  name: string;
  path?: string;
  isDisabled?: boolean;
  isDeleted?: boolean;
  environments?: DefinitionEnvironment[];
  artifacts?: ReleaseArtifact[];
  variables?: Record<string, ReleaseVariable>;
  _links?: { web?: { href?: string } };
}

export interface DefinitionEnvironment {
  id: number;
  name: string;
  rank?: number;
  conditions?: Condition[];
  variables?: Record<string, ReleaseVariable>;
}

/** A version of an artifact, as the list of versions gives it and as the creation of a release takes it. */
export interface ArtifactVersion {
  id?: string;
  name?: string;
  sourceBranch?: string;
  sourceVersion?: string;
  sourceRepositoryId?: string;
  sourceRepositoryType?: string;
  definitionId?: string;
  definitionName?: string;
}

export const RELEASES: Place = { area: 'Release', id: 'a166fde7-27ad-408e-ba75-703c2cc9d500', name: 'releases' };
export const DEFINITIONS: Place = {
  area: 'Release',
  id: 'd8f96f24-8ea7-4cb6-baab-2df8fc515665',
  name: 'release definitions',
};
export const ENVIRONMENTS: Place = {
  area: 'Release',
  id: 'a7e426b1-03dc-48af-9dfe-c98bac612dcb',
  name: 'stages of a release',
};
export const APPROVALS: Place = {
  area: 'Release',
  id: '9328e074-59fb-465a-89d9-b09c82ee5109',
  name: 'approvals of a release',
};
export const INTERVENTIONS: Place = {
  area: 'Release',
  id: '616c46e4-f370-4456-adaa-fbaf79c7b79e',
  name: 'manual interventions',
};
export const TAGS: Place = { area: 'Release', id: 'c5b602b6-d1b3-4363-8a51-94384f78068f', name: 'tags of a release' };
/** Not in the published reference; the library's getArtifactVersions asks it. */
export const ARTIFACT_VERSIONS: Place = {
  area: 'Release',
  id: '30fc787e-a9e0-4a07-9fbc-3e903aa051d2',
  name: 'versions of artifacts',
};
