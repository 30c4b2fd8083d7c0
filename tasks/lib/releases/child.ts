import type { RegisteredChild } from '../register';
import type { ChildResult, Ended } from '../verdict';
import type { StagePlan } from './releaseEnd';
import type { Environment } from './wire';

/** A release that this step created or follows. */
export interface ReleaseChild {
  /** Organization or collection URL. */
  organization: string;
  project: string;
  id: number;
  /** Name of the definition. */
  definition: string;
  /** Id and folder of the definition, where they were looked up. */
  definitionId?: number | undefined;
  path?: string | undefined;
  /** Name of the release. */
  name: string;
  url: string;
  /** How often this step has created it, or deployed it again, from 1. */
  attempt: number;
  /** Stages that count; empty: what the definition triggers. */
  stages: string[];
  plans: Map<string, StagePlan>;
  /** Stages that the step itself deploys as soon as those before them ended well. */
  toDeploy: string[];
  /** Stage variables that go with those deployments, by stage. */
  stageVariables: Record<string, Record<string, { value: string; isSecret: boolean }>>;
  /**
   * When the step goes on although it could not deploy a stage itself: because somebody else deploys it at that moment, or whatever
   * the service says against it but a missing right.
   */
  proceeds: 'never' | 'whenBegunByOthers' | 'always';
  /** What a cancel of the step cancels: every stage of a release of its own, or these. */
  cancels: 'all' | string[];
  /** Names of the variables it was given. */
  given: string[];
  createdOn?: string | undefined;
  /** active, draft or abandoned. */
  status?: string | undefined;
  /** As the last look showed them. */
  environments: Environment[];
  result?: ChildResult;
  /** Why it counts as it does, where the service's own words do not say it. */
  reason?: string;
  /** Why a stage that the step was to deploy could not be; no policy makes a success of that. */
  refusal?: string;
}

/** A release of which nothing is known yet; the step's own with all of its stages. */
export function unreadChild(organization: string, project: string): ReleaseChild {
  return {
    ...{
      organization,
      project,
      id: 0,
      definition: '',
      name: '',
      url: '',
      attempt: 1,
      cancels: 'all',
      proceeds: 'never',
    },
    ...{ stages: [], plans: new Map(), toDeploy: [], stageVariables: {}, given: [], environments: [] },
  };
}

/** How the log and messages name a release: definition and name. */
export function title({ definition, name }: Pick<ReleaseChild, 'definition' | 'name'>): string {
  return `${definition} ${name}`;
}

/** The release in the words of a verdict. */
export function endOf(child: ReleaseChild): Ended {
  return {
    title: title(child),
    url: child.url,
    result: child.result ?? 'started',
    reason: child.reason,
    refused: child.refusal !== undefined,
  };
}

/** The release as the register keeps it. */
export function registered(child: ReleaseChild): RegisteredChild {
  const { organization, project, id, definition, name, url, attempt, result = '' } = child;
  return { organization, project, kind: 'release', id, name: definition, number: name, url, item: '', attempt, result };
}
