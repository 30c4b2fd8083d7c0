import type { Place } from '../azureDevOps';

/** The fields of a build that are used, as the service writes them. https://learn.microsoft.com/rest/api/azure/devops/build/builds/get */
export interface Build {
  id: number;
  buildNumber?: string;
  status?: string;
  result?: string;
  queueTime?: string;
  startTime?: string;
  finishTime?: string;
  sourceBranch?: string;
  sourceVersion?: string;
  /** JSON text of the variables given when it was queued. */
  parameters?: string;
  templateParameters?: Record<string, unknown>;
  tags?: string[];
  deleted?: boolean;
  queuePosition?: number;
  queue?: { id?: number; name?: string; pool?: { id?: number; name?: string; isHosted?: boolean } };
  demands?: (string | { name: string; value?: string })[];
  definition?: { id?: number; name?: string; path?: string };
  project?: { id?: string; name?: string };
  requestedFor?: { id?: string; displayName?: string };
  requestedBy?: { id?: string; displayName?: string };
  _links?: { web?: { href?: string } };
}

/** A record of a run's timeline. https://learn.microsoft.com/rest/api/azure/devops/build/timeline/get */
export interface TimelineRecord {
  id: string;
  parentId?: string | null;
  type?: string;
  name?: string;
  identifier?: string | null;
  refName?: string | null;
  state?: string;
  result?: string | null;
  startTime?: string | null;
  finishTime?: string | null;
  attempt?: number;
  order?: number;
  issues?: { type?: string; message?: string }[] | null;
  log?: { id?: number } | null;
  workerName?: string | null;
}

export const BUILDS: Place = { area: 'build', id: '0cd358e1-9217-4d94-8269-1c1ee6f93dcf', name: 'builds' };
export const TIMELINE: Place = { area: 'build', id: '8baac422-4c6e-4de5-8532-db96d92acffa', name: 'timeline of a run' };
export const TAGS: Place = { area: 'build', id: '6e6114b2-8161-44c8-8f6c-c5505782427f', name: 'tags of a run' };
