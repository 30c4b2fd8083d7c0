import type { ChildResult, Ended } from '../verdict';
import type { Pool } from './pool';
import type { Stage } from './timeline';

/** A run that this step started or follows. */
export interface Child {
  /** Organization or collection URL. */
  organization: string;
  project: string;
  id: number;
  pipelineId?: number | undefined;
  /** Name of the pipeline. */
  name: string;
  /** Build number. */
  number: string;
  url: string;
  /** Key of the item of a list; empty for a single run. */
  item: string;
  /** How often this step has started it, from 1. */
  attempt: number;
  branch: string;
  commit: string;
  /** Stages that were asked for by reference name; empty for all. */
  stages: string[];
  /** Names of the parameters and variables it was given. */
  given: string[];
  progress: Progress;
  result?: ChildResult;
  /** Why it counts as it does, where the service's own result does not say it. */
  reason?: string;
  /** Somebody else's run that this step took instead of starting one: never cancelled with the step. */
  taken?: boolean;
  /** Stages of it were asked to run when it had ended at this time, as the service writes it: that end does not count. */
  restartedAfter?: string | undefined;
  /** It could not be started; `reason` says why. */
  refused?: boolean;
}

/** What the last look showed. Times as the service writes them. */
export interface Progress {
  status: string;
  queueTime?: string | undefined;
  startTime?: string | undefined;
  finishTime?: string | undefined;
  stages: Stage[];
  pool?: Pool | undefined;
  queuePosition?: number | undefined;
  demands?: string[];
}

/** How the log and messages name a child: pipeline and number, and the item of a list. */
export function title({ name, number, item }: Pick<Child, 'name' | 'number' | 'item'>): string {
  return `${name} ${number}${item ? ` (${item})` : ''}`;
}

/** The child in the words of a verdict; one that has not ended was started. */
export function endOf(child: Child): Ended {
  return {
    title: title(child),
    url: child.url,
    result: child.result ?? 'started',
    reason: child.reason,
    refused: child.refused,
  };
}
