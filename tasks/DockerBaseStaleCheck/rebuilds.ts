import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import type { Parent } from '../lib/parent';
import type { Register } from '../lib/register';
import { Cascade } from '../lib/runs/cascade';
import { title, type Child } from '../lib/runs/child';
import { Observer } from '../lib/runs/observer';
import type { Planner, PlannedRun, WantedRun } from '../lib/runs/plan';
import { checkedTags } from '../lib/tags';
import { readVariables } from '../lib/variables';
import type { World } from '../lib/world';
import { textsOf, type YamlMap } from '../lib/yamlInput';
import type { CheckedDockerfile } from './checked';
import type { Inputs, RebuildInputs } from './inputs';
import { fill, fillMap, fillMapForGroup, type Values } from './placeholders';

export interface RebuildHost {
  agent: Agent;
  azureDevOps: AzureDevOps;
  parent: Parent | undefined;
  register: Register;
}

/** A run for a stale image, or for all of them. */
export interface Rebuild {
  planned: PlannedRun;
  dockerfiles: CheckedDockerfile[];
}

/** What a run is given for one image; a list in it stands for all images of a group. */
export function givenTo(
  rebuild: RebuildInputs,
  values: Values | readonly Values[],
): Pick<WantedRun, 'parameters' | 'variables' | 'tags'> {
  const isGroup = Array.isArray(values);
  const replace = (map: YamlMap, input: string) =>
    isGroup ? fillMapForGroup(map, values as Values[], input) : fillMap(map, values as Values, input);
  const all = isGroup ? (values as Values[]) : [values as Values];
  const tags = rebuild.tags.flatMap((tag) => all.map((one) => fill(tag, one, 'tags')));
  return {
    parameters: textsOf(replace(rebuild.parameters, 'parameters')),
    variables: readVariables(replace(rebuild.variables, 'variables'), 'variables'),
    tags: checkedTags(tags),
  };
}

/** Looks up what the runs of these images need. Throws `UserError` for what is wrong, before anything starts. */
export async function planRebuilds(
  dockerfiles: readonly CheckedDockerfile[],
  { rebuild, group }: Inputs,
  { planner, parent }: { planner: Planner; parent: Parent | undefined },
): Promise<Rebuild[]> {
  const plan = async (item: string, given: ReturnType<typeof givenTo>): Promise<PlannedRun> =>
    planner.plan({
      ...{ item, project: rebuild.project, pipeline: rebuild.pipeline, branch: rebuild.branch, stages: rebuild.stages },
      ...{ commit: undefined, stagesToSkip: [], resources: {}, queue: undefined, demands: [], requestedFor: undefined },
      ...given,
      tags: parent ? [...given.tags, parent.tag] : given.tags,
    });
  if (group && dockerfiles.length) {
    const given = givenTo(
      rebuild,
      dockerfiles.map(({ values }) => values),
    );
    return [{ planned: await plan('', given), dockerfiles: [...dockerfiles] }];
  }
  const rebuilds: Rebuild[] = [];
  for (const one of dockerfiles) {
    rebuilds.push({ planned: await plan(one.path, givenTo(rebuild, one.values)), dockerfiles: [one] });
  }
  return rebuilds;
}

/**
 * Starts the runs, those of base images first: what is built on them follows when theirs succeeded.
 * @param changed called with everything that was started so far.
 */
export async function runRebuilds(
  rebuilds: readonly Rebuild[],
  inputs: Inputs,
  host: RebuildHost & { changed: (children: Child[]) => void },
  world: World,
): Promise<Child[]> {
  const { azureDevOps, parent, register } = host;
  const { waiting, rebuild } = inputs;
  const deadline = waiting.waitTimeoutMs ? world.clock.now() + waiting.waitTimeoutMs : undefined;
  const children: Child[] = [];
  for (const wave of wavesOf(rebuilds)) {
    const [ready, left] = partition(wave, (one) => basesAreGood(one, children));
    for (const one of left) {
      for (const dockerfile of one.dockerfiles)
        dockerfile.reason += '; not started, because the run of its base did not succeed';
      world.log.warning(`${one.planned.item} is not rebuilt, because the run of its base did not succeed.`);
    }
    if (!ready.length) continue;
    const remaining = deadline === undefined ? 0 : Math.max(1, deadline - world.clock.now());
    const cascade = new Cascade(
      ready.map(({ planned }) => planned),
      { azureDevOps, register },
      {
        waiting: { ...waiting, waitTimeoutMs: remaining },
        conditions: { ifRunning: rebuild.ifRunning, ifBuilt: 'start', onlyIf: [] },
        maxParallel: rebuild.maxParallel,
        stopOnFirstFailure: false,
        parentRun: parent?.kind === 'run' && parent.organization === azureDevOps.account.url ? parent.id : undefined,
        watch: new Observer(waiting, host, world),
        existing: [...children],
        changed: host.changed,
      },
      world,
    );
    try {
      await cascade.run();
    } finally {
      children.splice(0, children.length, ...cascade.children);
      host.changed(children);
    }
  }
  return children;
}

/** The runs by how many others have to come before them; a group is one run. */
function wavesOf(rebuilds: readonly Rebuild[]): Rebuild[][] {
  const depths = new Map<CheckedDockerfile, number>();
  const started = new Set(rebuilds.flatMap(({ dockerfiles }) => dockerfiles));
  const depth = (one: CheckedDockerfile): number => {
    const known = depths.get(one);
    if (known !== undefined) return known;
    const before = one.after.filter((base) => started.has(base)).map((base) => depth(base) + 1);
    const own = Math.max(0, ...before);
    depths.set(one, own);
    return own;
  };
  const waves: Rebuild[][] = [];
  for (const one of rebuilds) {
    const [first] = one.dockerfiles;
    const level = one.dockerfiles.length === 1 && first ? depth(first) : 0;
    (waves[level] ??= []).push(one);
  }
  return waves.filter((wave) => wave as Rebuild[] | undefined);
}

function basesAreGood({ dockerfiles }: Rebuild, children: readonly Child[]): boolean {
  const [one] = dockerfiles;
  if (!one || dockerfiles.length > 1) return true;
  const bases = children.filter(({ item }) =>
    one.after.some(({ path, verdict }) => path === item && verdict === 'stale'),
  );
  const missing = one.after.some(
    ({ path, verdict }) => verdict === 'stale' && !children.some(({ item }) => item === path),
  );
  return !missing && bases.every(({ result }) => result === 'succeeded' || result === 'partiallySucceeded');
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

/** How messages name the run of an image, where there is one. */
export function runOf(one: CheckedDockerfile, children: readonly Child[]): string | undefined {
  const child = children.find(({ item, id }) => id && (item === one.path || item === ''));
  return child && `${title({ ...child, item: '' })} ${child.url}`;
}
