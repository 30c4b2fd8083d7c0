import type { Release } from '../../tasks/lib/releases/wire';
import { hasEnded, wordFor, type Stage } from '../model/childState';
import type { TreeNode } from '../model/tree';
import { releaseState } from './releaseState';
import { Refusal, type Rest } from './Rest';

export type ActionName = 'rerun' | 'cancel';

const BUILD = '7.0';
const RELEASES = '7.0';
const STAGES = '7.0-preview.1';
const ENVIRONMENTS = '7.0-preview.7';

/** Runs what failed in a child again, or cancels it, as the viewer; throws an Error that explains a refusal. */
export async function act(rest: Rest, action: ActionName, node: TreeNode): Promise<void> {
  try {
    await (node.ref.kind === 'release' ? actOnRelease(rest, action, node) : actOnRun(rest, action, node));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Error(explain(error, action, node), { cause: error });
  }
}

async function actOnRun(rest: Rest, action: ActionName, { ref, state }: TreeNode): Promise<void> {
  const build = `${encodeURIComponent(ref.project)}/_apis/build/builds/${ref.id}`;
  if (action === 'cancel') {
    await rest.text({ method: 'PATCH', path: build, version: BUILD, body: { status: 'cancelling' } });
    return;
  }
  const failed = toRunAgain(state.stages);
  // A pipeline without stages, or one whose timeline was not read yet: the service itself picks the failed jobs.
  if (!failed.length) await rest.text({ method: 'PATCH', path: `${build}?retry=true`, version: BUILD, body: {} });
  // One after the other: the rerun of a stage may take along the stages that depend on it.
  for (const { reference } of failed) {
    await rest.text({
      method: 'PATCH',
      path: `${build}/stages/${encodeURIComponent(reference)}`,
      version: STAGES,
      body: { state: 'retry', forceRetryAllJobs: false, retryDependencies: true },
    });
  }
}

/** Its stages are read anew: what was shown of them may be old, or not read yet. */
async function actOnRelease(rest: Rest, action: ActionName, { ref }: TreeNode): Promise<void> {
  const own = `${encodeURIComponent(ref.project)}/_apis/release/releases/${ref.id}`;
  const release = await rest.json<Release>({ area: 'release', path: own, version: RELEASES });
  const state = releaseState(release, undefined, Date.now());
  const chosen =
    action === 'rerun'
      ? toRunAgain(state.stages)
      : state.stages.filter(({ outcome, startedAt }) => !hasEnded(outcome) && startedAt !== undefined);
  if (!chosen.length)
    throw new Error(`${ref.name} ${ref.number} has no stage for that: it is ${wordFor(state.outcome)}.`);
  for (const { reference } of chosen) {
    await rest.text({
      area: 'release',
      method: 'PATCH',
      path: `${own}/environments/${reference}`,
      version: ENVIRONMENTS,
      body: { status: action === 'cancel' ? 'canceled' : 'inProgress' },
    });
  }
}

/** What failed; where nothing did, what was canceled. */
function toRunAgain(stages: Stage[]): Stage[] {
  const failed = stages.filter(({ outcome }) => outcome === 'failed');
  return failed.length ? failed : stages.filter(({ outcome }) => outcome === 'canceled');
}

/** What a refusal means for the one who pressed the button, with the service's own reason. */
export function explain(refusal: Refusal, action: ActionName, { ref }: TreeNode): string {
  const what = action === 'cancel' ? 'canceled' : 'rerun';
  const reason = refusal.message ? ` The service says: ${refusal.message}` : '';
  return `${ref.name} ${ref.number} was not ${what}: ${causeOf(refusal.status, action, ref.kind)}${reason}`;
}

function causeOf(status: number, action: ActionName, kind: 'run' | 'release'): string {
  if (status === 0) return 'there was no answer.';
  if (status === 401 || status === 403) {
    const permission = kind === 'release' ? 'Manage deployments' : action === 'cancel' ? 'Stop builds' : 'Queue builds';
    return `you need the permission '${permission}' on it, and the extension the right to use it; open it and try there.`;
  }
  if (status === 404) return 'it is not there any more, or you may not see it.';
  if (status === 409) return 'somebody changed it at the same time; look again.';
  if (status === 429) return 'the service is busy; try again in a minute.';
  return `the service refused (${status}).`;
}
