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
import { textOfValue, textsOf, type YamlMap } from '../lib/yamlInput';
import type { CheckedDockerfile } from './checked';
import type { Inputs, RebuildInputs } from './inputs';
import { markOf, type Change } from './memory';
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

/** What a rebuild of an image would be for. */
export function changeOf({ references, packages }: CheckedDockerfile): Pick<Change, 'since' | 'mark'> {
  const changed = packages?.rows.filter(({ verdict }) => verdict === 'stale') ?? [];
  const judged = references.flatMap(({ judgement }) => judgement ?? []);
  const stale = judged.filter(({ verdict }) => verdict === 'stale');
  const deciding = stale.length || changed.length ? stale : judged;
  const dates = [
    ...deciding.map(({ updated = '' }) => Date.parse(updated)),
    ...changed.map(({ released = '' }) => Date.parse(released)),
  ];
  return {
    since: dates.length && dates.every((at) => at > 0) ? Math.max(...dates) : undefined,
    mark: markOf([
      ...deciding.map(({ content, digest, updated }) => content ?? (updated ? undefined : digest)),
      ...changed.map(({ manager, name, newest = '', platform }) => [manager, name, newest, platform].join(' ').trim()),
    ]),
  };
}

/** Names of parameters and variables that hold `${reason}`: it tells how long ago something was, so it is another one every night. */
export function describing({ parameters, variables }: RebuildInputs): Set<string> {
  const names = [...parameters, ...variables].filter(([, value]) => textOfValue(value)?.includes('${reason}'));
  return new Set(names.map(([name]) => name));
}

/** Looks up what the runs of these images need. Throws `UserError` for what is wrong, before anything starts. */
export async function planRebuilds(
  dockerfiles: readonly CheckedDockerfile[],
  { rebuild, group }: Inputs,
  { planner, parent }: { planner: Planner; parent: Parent | undefined },
): Promise<Rebuild[]> {
  const plan = async (item: string, given: ReturnType<typeof givenTo>, all: readonly CheckedDockerfile[]) => {
    const marks = all.flatMap((one) => changeOf(one).mark ?? []);
    return planner.plan({
      ...{ item, project: rebuild.project, pipeline: rebuild.pipeline, branch: rebuild.branch, stages: rebuild.stages },
      ...{ commit: undefined, stagesToSkip: [], resources: {}, queue: undefined, demands: [], requestedFor: undefined },
      ...given,
      tags: [...new Set([...given.tags, ...marks, ...(parent ? [parent.tag] : [])])],
    });
  };
  if (group && dockerfiles.length) {
    const given = givenTo(
      rebuild,
      dockerfiles.map(({ values }) => values),
    );
    return [{ planned: await plan('', given, dockerfiles), dockerfiles: [...dockerfiles] }];
  }
  const rebuilds: Rebuild[] = [];
  for (const one of dockerfiles) {
    rebuilds.push({ planned: await plan(one.path, givenTo(rebuild, one.values), [one]), dockerfiles: [one] });
  }
  return rebuilds;
}

/**
 * Starts the runs: what is built on an image of the same list as soon as its run succeeded, everything else at once.
 * @param changed called with everything that was started so far.
 */
export async function runRebuilds(
  rebuilds: readonly Rebuild[],
  { waiting, rebuild }: Inputs,
  host: RebuildHost & { changed: (children: Child[]) => void },
  world: World,
): Promise<Child[]> {
  const { azureDevOps, parent, register } = host;
  const before = basesOf(rebuilds);
  const cascade = new Cascade(
    rebuilds.map(({ planned }) => planned),
    { azureDevOps, register },
    {
      waiting,
      conditions: { ifRunning: rebuild.ifRunning, ifBuilt: 'start', onlyIf: [] },
      maxParallel: rebuild.maxParallel,
      stopOnFirstFailure: false,
      parentRun: parent?.kind === 'run' && parent.organization === azureDevOps.account.url ? parent.id : undefined,
      after: (item) => before.get(item) ?? [],
      watch: new Observer(waiting, host, world),
      changed: host.changed,
    },
    world,
  );
  try {
    await cascade.run();
  } finally {
    host.changed(cascade.children);
  }
  return cascade.children;
}

/** By item the items whose runs build its bases; the run of a group has all of them in itself. */
function basesOf(rebuilds: readonly Rebuild[]): Map<string, string[]> {
  const items = new Set(rebuilds.map(({ planned }) => planned.item));
  return new Map(
    rebuilds.map(({ planned, dockerfiles }) => [
      planned.item,
      planned.item
        ? dockerfiles.flatMap(({ after }) => after.map(({ path }) => path).filter((path) => items.has(path)))
        : [],
    ]),
  );
}

/** How messages name the run of an image, where there is one. */
export function runOf(one: CheckedDockerfile, children: readonly Child[]): string | undefined {
  const child = children.find(({ item, id }) => id && (item === one.path || item === ''));
  return child && `${title({ ...child, item: '' })} ${child.url}`;
}
