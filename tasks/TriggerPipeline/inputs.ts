import { UserError } from '../lib/errors';
import { choice, flag, text, type Read } from '../lib/inputs';
import type { Variable } from '../lib/runs/request';
import { readWaiting, type WaitingInputs } from '../lib/waitingInputs';
import { readNames, readYamlMap, textOfValue, textsOf, type YamlMap } from '../lib/yamlInput';

const ACTIONS = ['start'] as const;
/** One run as the author asks for it; nothing of it was looked up yet. */
export interface WantedRun {
  project: string;
  pipeline: string;
  branch: string | undefined;
  commit: string | undefined;
  parameters: Record<string, string>;
  variables: Record<string, Variable>;
  stages: string[];
  stagesToSkip: string[];
}

export interface Inputs {
  action: (typeof ACTIONS)[number];
  run: WantedRun;
  tags: string[];
  dryRun: boolean;
  waiting: WaitingInputs;
}

/** The inputs as the code uses them. Throws `UserError` for the first one that is wrong; nothing was asked by then. */
export async function readInputs(read: Read): Promise<Inputs> {
  const action = choice(read, 'action', ACTIONS, 'start');
  const project = text(read, 'project');
  if (!project)
    throw new UserError('project: give the name or id of the project; it may be empty only where the job has one.');
  const pipeline = text(read, 'pipeline');
  if (!pipeline) throw new UserError('pipeline: give the id, name or path (\\folder\\name) of the pipeline to start.');
  const stages = await readNames(read, 'stages');
  const stagesToSkip = await readNames(read, 'stagesToSkip');
  if (stages.length && stagesToSkip.length) {
    throw new UserError(
      "stages and stagesToSkip are given at once: name either the stages that run or those that don't.",
    );
  }
  return {
    action,
    run: {
      project,
      pipeline,
      branch: text(read, 'branch'),
      commit: readCommit(read),
      parameters: textsOf(await readYamlMap(read, 'parameters')),
      variables: readVariables(await readYamlMap(read, 'variables')),
      stages,
      stagesToSkip,
    },
    tags: await readTags(read),
    dryRun: flag(read, 'dryRun', false),
    waiting: readWaiting(read, true),
  };
}

/** What the author marked as secret: to be known as such before anything is said. */
export function secretValues({ run }: Inputs): string[] {
  return Object.values(run.variables).flatMap(({ value, isSecret }) => (isSecret ? [value] : []));
}

function readCommit(read: Read): string | undefined {
  const commit = text(read, 'commit');
  if (commit === undefined || /^[0-9a-f]{40}$/i.test(commit)) return commit;
  throw new UserError(`commit: '${commit}' is no full commit id (40 hexadecimal digits).`);
}

/** `name: value`, or `name: { value: x, isSecret: true }`. */
function readVariables(map: YamlMap): Record<string, Variable> {
  const variables: Record<string, Variable> = {};
  for (const [name, value] of map) {
    if (value.kind === 'map' && value.entries.has('value')) {
      const unknown = [...value.entries.keys()].filter((key) => key !== 'value' && key !== 'isSecret');
      if (unknown.length)
        throw new UserError(
          `variables: '${name}' has the unknown key '${unknown.join("', '")}'; known are value and isSecret.`,
        );
      const inner = value.entries.get('value');
      const secret = value.entries.get('isSecret');
      const text = inner && textOfValue(inner);
      const isSecret = secret?.kind === 'scalar' && secret.text.toLowerCase() === 'true';
      if (text !== undefined) variables[name] = { value: text, isSecret };
    } else {
      const text = textOfValue(value);
      if (text !== undefined) variables[name] = { value: text, isSecret: false };
    }
  }
  return variables;
}

async function readTags(read: Read): Promise<string[]> {
  const tags = await readNames(read, 'tags');
  const wrong = tags.find((tag) => /[:,;]/.test(tag) || tag.length > 200);
  if (wrong !== undefined)
    throw new UserError(
      `tags: '${wrong}' is no tag: it must not hold ':', ',' or ';' and is at most 200 letters long.`,
    );
  return [...new Set(tags)];
}
