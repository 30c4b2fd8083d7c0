import { listed } from '../answerShape';
import type { AzureDevOps } from '../azureDevOps';
import { messageOf } from '../errors';
import { CLOCKS_MAY_DIFFER_MS, lookForLost, UnclearStart } from '../lostAnswer';
import type { World } from '../world';
import type { RunRequest } from './request';
import { isSameValue } from './sameValue';
import { startedFrom, type StartedRun } from './start';
import { BUILDS, type Build } from './wire';

/** A list of hundreds may have started many runs of one pipeline in the seconds that are looked at. */
const MOST_RUNS = 1000;

/** A start without an answer, and what else could have made a run that looks like its own. */
export interface LostStart {
  request: RunRequest;
  /** Epoch milliseconds on the server's clock. */
  sentAt: number;
  /** Runs that belong to somebody already. */
  known: () => Promise<Set<number>> | Set<number>;
  /** Starts of other runs of which nobody knows either what they made. */
  rivals?: () => RunRequest[];
}

/**
 * The run that a start without an answer made: of this pipeline, queued since then, with this branch, commit, parameters and
 * variables, not another parent's and not known already as the run of another start. Exactly one is taken on; undefined when there is none; several cannot be
 * told apart and are an error with all links. See notes/finding-a-run-again.md.
 */
export async function findLostRun(
  azureDevOps: AzureDevOps,
  { request, sentAt, known, rivals = () => [] }: LostStart,
  world: World,
): Promise<StartedRun | undefined> {
  const fitting = await lookForLost(async () => {
    const seen = await runsSince(azureDevOps, request, sentAt);
    // Only after the look: a start beside this one may have got its answer in the meantime.
    const others = await known();
    const fitting = seen.filter((build) => !others.has(build.id) && fits(build, request));
    // A run without this parent's tag could be somebody else's.
    const ours = request.tags.filter((tag) => tag.startsWith('cascade-parent-'));
    return { fitting, certain: fitting.filter(({ tags }) => ours.some((tag) => tags?.includes(tag))) };
  }, world);
  const [only, ...others] = fitting.map((build) => ({
    ...startedFrom(azureDevOps, request.project, build),
    adopted: true,
  }));
  if (only && fitting.some((build) => rivals().some((rival) => isOf(rival, request) && fits(build, rival)))) {
    throw new UnclearStart(
      `The answers to several starts of '${request.pipeline.name}' were lost, and which of them made ${[only, ...others].map(({ url }) => url).join(' , ')} cannot be told: in what the service tells of a run (branch, commit, parameters, variables) they are alike. Nothing more is started; look at it and cancel what is not wanted.`,
    );
  }
  if (only && others.length) {
    throw new UnclearStart(
      `The answer to the start of '${request.pipeline.name}' was lost, and ${fitting.length} runs could be the one it made: ${[only, ...others].map(({ url }) => url).join(' , ')}. Nothing more is started; look at them and cancel what is not wanted.`,
    );
  }
  return only;
}

function isOf(rival: RunRequest, { pipeline, project }: RunRequest): boolean {
  return rival.pipeline.id === pipeline.id && rival.project === project;
}

async function runsSince(
  azureDevOps: AzureDevOps,
  { pipeline, project }: RunRequest,
  sentAt: number,
): Promise<Build[]> {
  const query = {
    definitions: pipeline.id,
    minTime: new Date(sentAt - CLOCKS_MAY_DIFFER_MS).toISOString(),
    queryOrder: 'queueTimeDescending',
    $top: MOST_RUNS,
  };
  try {
    const { value } = await azureDevOps.call<{ value?: Build[] }>('GET', BUILDS, { route: { project }, query });
    return listed(value);
  } catch (error) {
    throw new UnclearStart(
      `The answer to the start of '${pipeline.name}' was lost, and its runs cannot be looked at (${messageOf(error)}). It may have started: see ${pipeline.url} .`,
      { cause: error },
    );
  }
}

/** Whether a run is what was asked for. What the service does not tell does not speak against it. */
export function fits(build: Build, request: RunRequest): boolean {
  const otherParent =
    build.tags?.some((tag) => tag.startsWith('cascade-parent-') && !request.tags.includes(tag)) ?? false;
  return (
    !otherParent &&
    (!request.branch || !build.sourceBranch || build.sourceBranch === request.branch) &&
    (!request.commit || !build.sourceVersion || build.sourceVersion.toLowerCase() === request.commit.toLowerCase()) &&
    holds(build.templateParameters, request.parameters) &&
    holds(variablesOf(build), publicValues(request))
  );
}

function holds(has: Record<string, unknown> | undefined, wanted: Record<string, string>): boolean {
  if (!has) return true;
  return Object.entries(wanted).every(([name, value]) => has[name] === undefined || isSameValue(has[name], value));
}

function variablesOf({ parameters }: Build): Record<string, unknown> | undefined {
  if (!parameters) return undefined;
  try {
    return JSON.parse(parameters) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function publicValues({ variables }: RunRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([, { isSecret }]) => !isSecret)
      .map(([name, { value }]) => [name, value]),
  );
}
