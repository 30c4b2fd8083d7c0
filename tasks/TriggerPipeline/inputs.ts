import { UserError } from '../lib/errors';
import { choice, flag, text, wholeNumber, type Read } from '../lib/inputs';
import type { IfRunning, LastResult } from '../lib/runs/conditions';
import type { Inherited } from '../lib/runs/inherit';
import { checkedTags } from '../lib/tags';
import { readVariables, secretsOf } from '../lib/variables';
import { readWaiting, type WaitingInputs } from '../lib/waitingInputs';
import { readNames, readYamlMap, textsOf, type YamlValue } from '../lib/yamlInput';
import { checkedCommit, readResources, readRuns, type RunInputs } from './wantedRuns';

const ACTIONS = ['start', 'wait', 'cancel', 'runStages', 'approve'] as const;
const INHERITED: Inherited[] = ['parameters', 'debug', 'repositories', 'pipelines'];
const IF_RUNNING = ['start', 'skip', 'join', 'cancel', 'queue'] as const;
const RUN_RESULTS = ['succeeded', 'partiallySucceeded', 'failed', 'canceled'] as const;
const LAST_RESULTS = ['succeeded', 'partiallySucceeded', 'failed', 'canceled', 'notRunning'] as const;

/** What comes back from the children. */
export interface BringBack {
  outputsArtifact: string | undefined;
  /** Names or patterns. */
  downloadArtifacts: string[];
  artifactsFolder: string | undefined;
}

export interface StartInputs extends BringBack {
  action: 'start';
  runs: { item: string; run: RunInputs & { pipeline: string } }[];
  exportVariables: string[];
  inherit: Inherited[];
  maxParallel: number;
  stopOnFirstFailure: boolean;
  tags: string[];
  requestedFor: 'parent' | 'connection';
  queue: string | undefined;
  demands: { name: string; value?: string }[];
  ifRunning: IfRunning;
  ifBuilt: 'start' | 'reuse';
  /** By pipeline. */
  onlyIf: { pipeline: string; results: LastResult[] }[];
  dryRun: boolean;
  waiting: WaitingInputs;
}

export interface ExistingInputs extends BringBack {
  action: 'wait' | 'cancel' | 'runStages' | 'approve';
  project: string;
  pipeline: string | undefined;
  /** As they were typed; empty: what earlier steps of this parent registered. */
  runIds: string | undefined;
  latest: { branch: string | undefined; tags: string[]; result: string | undefined };
  stages: string[];
  waiting: WaitingInputs;
}

export type Inputs = StartInputs | ExistingInputs;

/**
 * The inputs as the code uses them; those of other actions are not looked at. Throws `UserError` for the first one that is wrong;
 * nothing was asked by then.
 * @param readFile text of the file that `runs: @path` names.
 */
export async function readInputs(read: Read, readFile: (path: string) => string): Promise<Inputs> {
  const action = choice(read, 'action', ACTIONS, 'start');
  const project = text(read, 'project');
  if (!project) throw new UserError('project: give the name or id of the project.');
  return action === 'start' ? await readStart(read, project, readFile) : await readExisting(read, action, project);
}

async function readStart(read: Read, project: string, readFile: (path: string) => string): Promise<StartInputs> {
  const base = await readRun(read, project);
  const list = readList(read, readFile);
  const runs = list === undefined ? [{ item: '', run: base }] : await readRuns(list, base);
  return {
    action: 'start',
    runs: runs.map(({ item, run }, index) => ({
      item,
      run: withPipeline(run, list === undefined ? '' : `runs: item ${index + 1} ('${item}'): `),
    })),
    exportVariables: await readNames(read, 'exportVariables'),
    inherit: await readInherit(read),
    maxParallel: wholeNumber(read, 'maxParallel', { min: 0, max: 10_000, fallback: 0 }),
    stopOnFirstFailure: flag(read, 'stopOnFirstFailure', false),
    tags: checkedTags(await readNames(read, 'tags')),
    requestedFor: choice(read, 'requestedFor', ['parent', 'connection'] as const, 'parent'),
    queue: text(read, 'queue'),
    demands: (await readNames(read, 'demands')).map(demand),
    ifRunning: choice(read, 'ifRunning', IF_RUNNING, 'start'),
    ifBuilt: choice(read, 'ifBuilt', ['start', 'reuse'] as const, 'start'),
    onlyIf: await readOnlyIf(read),
    dryRun: flag(read, 'dryRun', false),
    ...(await readBringBack(read)),
    waiting: await readWaiting(read, true),
  };
}

async function readExisting(read: Read, action: ExistingInputs['action'], project: string): Promise<ExistingInputs> {
  const stages = await readNames(read, 'stages');
  if (action === 'runStages' && !stages.length)
    throw new UserError('stages: runStages needs the stages that are to run.');
  return {
    action,
    project,
    pipeline: text(read, 'pipeline'),
    runIds: text(read, 'runIds'),
    latest: {
      branch: text(read, 'branch'),
      tags: await readNames(read, 'runTags'),
      // Were a word that the service does not know no filter to it, another run would be meant.
      result: text(read, 'runResult') && choice(read, 'runResult', RUN_RESULTS, 'succeeded'),
    },
    stages,
    ...(await readBringBack(read)),
    waiting: await readWaiting(read, true),
  };
}

async function readRun(read: Read, project: string): Promise<RunInputs> {
  const stages = await readNames(read, 'stages');
  const stagesToSkip = await readNames(read, 'stagesToSkip');
  if (stages.length && stagesToSkip.length) {
    throw new UserError(
      "stages and stagesToSkip are given at once: name either the stages that run or those that don't.",
    );
  }
  return {
    project,
    pipeline: text(read, 'pipeline'),
    branch: text(read, 'branch'),
    commit: checkedCommit(text(read, 'commit'), 'commit'),
    parameters: textsOf(await readYamlMap(read, 'parameters')),
    variables: readVariables(await readYamlMap(read, 'variables'), 'variables'),
    stages,
    stagesToSkip,
    resources: readResources(await readYamlMap(read, 'resources'), 'resources'),
  };
}

function withPipeline(run: RunInputs, place: string): RunInputs & { pipeline: string } {
  const { pipeline } = run;
  if (!pipeline)
    throw new UserError(`${place}pipeline: give the id, name or path (\\folder\\name) of the pipeline to start.`);
  return { ...run, pipeline };
}

/** What the author marked as secret: to be known as such before anything is said. */
export function secretValues(inputs: Inputs): string[] {
  return inputs.action === 'start' ? inputs.runs.flatMap(({ run }) => secretsOf(run.variables)) : [];
}

function readList(read: Read, readFile: (path: string) => string): string | undefined {
  const list = text(read, 'runs');
  return list?.startsWith('@') ? readFile(list.slice(1).trim()) : list;
}

async function readInherit(read: Read): Promise<Inherited[]> {
  const names = await readNames(read, 'inherit');
  const lower = names.map((name) => name.toLowerCase());
  const unknown = names.find((name) => ![...INHERITED, 'all', 'none'].some((known) => known === name.toLowerCase()));
  if (unknown !== undefined)
    throw new UserError(`inherit: '${unknown}' is none of ${INHERITED.join(', ')}, all, none.`);
  return lower.includes('all') ? [...INHERITED] : INHERITED.filter((name) => lower.includes(name));
}

/** `name`, or `name -equals value`. */
function demand(written: string): { name: string; value?: string } {
  const [, name, value] = /^([\w.-]+)(?:\s+-equals\s+(.+))?$/i.exec(written) ?? [];
  if (!name) throw new UserError(`demands: '${written}' is no demand; write 'name' or 'name -equals value'.`);
  return value === undefined ? { name } : { name, value };
}

async function readOnlyIf(read: Read): Promise<StartInputs['onlyIf']> {
  const map = await readYamlMap(read, 'onlyIf');
  return [...map].map(([pipeline, value]) => ({ pipeline, results: resultsOf(pipeline, value) }));
}

function resultsOf(pipeline: string, value: YamlValue): LastResult[] {
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    const words = item.kind === 'scalar' ? item.text.split(',').map((word) => word.trim()) : [''];
    return words.map((word) => {
      const known = LAST_RESULTS.find((result) => result.toLowerCase() === word.toLowerCase());
      if (!known) throw new UserError(`onlyIf: '${pipeline}': '${word}' is none of ${LAST_RESULTS.join(', ')}.`);
      return known;
    });
  });
}

async function readBringBack(read: Read): Promise<BringBack> {
  return {
    outputsArtifact: text(read, 'outputsArtifact'),
    downloadArtifacts: await readNames(read, 'downloadArtifacts'),
    artifactsFolder: text(read, 'artifactsFolder'),
  };
}
