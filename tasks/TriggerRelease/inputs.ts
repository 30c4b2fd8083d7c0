import { UserError } from '../lib/errors';
import { choice, flag, text, type Read } from '../lib/inputs';
import type { WantedVersion } from '../lib/releases/versions';
import { readVariables, secretsOf, type Variable } from '../lib/variables';
import { readWaiting, type WaitingInputs } from '../lib/waitingInputs';
import { readNames, readYaml, readYamlMap, textOfValue, type YamlMap, type YamlValue } from '../lib/yamlInput';

const ACTIONS = ['create', 'deploy', 'wait', 'cancel', 'approve'] as const;
const STATUSES = ['notStarted', 'inProgress', 'succeeded', 'partiallySucceeded', 'rejected', 'canceled'];

export interface CreateInputs {
  action: 'create';
  project: string;
  definition: string;
  stages: string[];
  artifacts: Map<string, WantedVersion>;
  artifactsFrom: 'default' | 'parent';
  variables: Record<string, Variable>;
  stageVariables: Record<string, Record<string, Variable>>;
  /** `<parent>` and `<user>` in it stand for this run and for whom it runs. */
  description: string;
  requestedFor: 'parent' | 'connection';
  tags: string[];
  draft: boolean;
  dryRun: boolean;
  waiting: WaitingInputs;
}

/** Filters of `latest`. */
export interface LatestFilters {
  tags: string[];
  branch: string | undefined;
  artifactVersion: string | undefined;
  stageStatus: { stage: string; status: string }[];
}

export interface ExistingInputs {
  action: 'deploy' | 'wait' | 'cancel' | 'approve';
  project: string;
  definition: string | undefined;
  /** As it was typed; undefined: what earlier steps of this parent registered. */
  release: string | undefined;
  latest: LatestFilters;
  /** Levels of stages: those of one level are deployed side by side. */
  levels: string[][];
  stageVariables: Record<string, Record<string, Variable>>;
  proceedWhenSkipped: boolean;
  dryRun: boolean;
  waiting: WaitingInputs;
}

export type Inputs = CreateInputs | ExistingInputs;

/** The inputs as the code uses them; those of other actions are not looked at. Throws `UserError` for the first one that is wrong. */
export async function readInputs(read: Read): Promise<Inputs> {
  const action = choice(read, 'action', ACTIONS, 'create');
  const project = text(read, 'project');
  if (!project) throw new UserError('project: give the name or id of the project.');
  return action === 'create' ? await readCreate(read, project) : await readExisting(read, action, project);
}

/** What the author marked as secret: to be known as such before anything is said. */
export function secretValues(inputs: Inputs): string[] {
  const variables = [
    ...(inputs.action === 'create' ? [inputs.variables] : []),
    ...Object.values(inputs.stageVariables),
  ];
  return variables.flatMap(secretsOf);
}

async function readCreate(read: Read, project: string): Promise<CreateInputs> {
  const definition = text(read, 'definition');
  if (!definition)
    throw new UserError(
      'definition: give the id, name or path (\\folder\\name) of the release definition of which a release is to be created.',
    );
  return {
    action: 'create',
    project,
    definition,
    stages: (await readLevels(read)).flat(),
    artifacts: readVersions(await readYamlMap(read, 'artifacts')),
    artifactsFrom: choice(read, 'artifactsFrom', ['default', 'parent'] as const, 'default'),
    variables: readVariables(await readYamlMap(read, 'variables'), 'variables'),
    stageVariables: await readStageVariables(read),
    description: text(read, 'description') ?? 'Started by <parent> for <user>',
    requestedFor: choice(read, 'requestedFor', ['parent', 'connection'] as const, 'parent'),
    tags: [...new Set(await readNames(read, 'tags'))],
    draft: flag(read, 'draft', false),
    dryRun: flag(read, 'dryRun', false),
    waiting: await readWaiting(read, true),
  };
}

async function readExisting(read: Read, action: ExistingInputs['action'], project: string): Promise<ExistingInputs> {
  const levels = await readLevels(read);
  if (action === 'deploy' && !levels.length)
    throw new UserError('stages: deploy needs the stages that are to be deployed, in their order.');
  const release = text(read, 'release') ?? (action === 'deploy' ? 'latest' : undefined);
  const definition = text(read, 'definition');
  if (release?.toLowerCase() === 'latest' && !definition)
    throw new UserError("definition: 'latest' needs the definition of which the latest release is meant.");
  return {
    action,
    project,
    definition,
    release,
    latest: {
      tags: await readNames(read, 'releaseTags'),
      branch: text(read, 'releaseBranch'),
      artifactVersion: text(read, 'releaseArtifactVersion'),
      stageStatus: (await readNames(read, 'releaseStageStatus')).map(stageStatus),
    },
    levels,
    stageVariables: await readStageVariables(read),
    proceedWhenSkipped: flag(read, 'proceedWhenSkipped', false),
    dryRun: action === 'deploy' && flag(read, 'dryRun', false),
    waiting: await readWaiting(read, true),
  };
}

/** `[Dev, [Test, QA], Prod]` has levels, a plain list has one stage a level. Throws for a stage that stands twice. */
async function readLevels(read: Read): Promise<string[][]> {
  const written = text(read, 'stages');
  if (written === undefined) return [];
  const levels = /^(- |\[)/.test(written)
    ? levelsOf(await readYaml(written, 'stages'))
    : (await readNames(read, 'stages')).map((name) => [name]);
  const names = levels.flat().map((name) => name.toLowerCase());
  const twice = levels.flat().find((name, index) => names.indexOf(name.toLowerCase()) !== index);
  if (twice !== undefined) throw new UserError(`stages: '${twice}' stands twice.`);
  return levels;
}

function levelsOf(value: YamlValue): string[][] {
  if (value.kind !== 'list') throw new UserError(`stages: a list is wanted, this is a ${value.kind}.`);
  return value.items.map((item) => {
    const inner = item.kind === 'list' ? item.items : [item];
    return inner.map((one) => {
      if (one.kind !== 'scalar' || !one.text)
        throw new UserError('stages: a list of names is wanted, in which a list stands for stages side by side.');
      return one.text;
    });
  });
}

const VERSION_KEYS = ['branch', 'tag', 'buildId', 'commit', 'latest'];

function readVersions(map: YamlMap): Map<string, WantedVersion> {
  return new Map([...map].map(([alias, value]) => [alias, versionOf(alias, value)]));
}

function versionOf(alias: string, value: YamlValue): WantedVersion {
  const place = `artifacts: ${alias}`;
  if (value.kind === 'list') throw new UserError(`${place}: a version is wanted, this is a list.`);
  if (value.kind === 'scalar') {
    const written = textOfValue(value);
    if (!written) throw new UserError(`${place}: a version is wanted.`);
    return written.toLowerCase() === 'latest'
      ? { kind: 'latest', branch: undefined, tag: undefined }
      : { kind: 'text', text: written };
  }
  const unknown = [...value.entries.keys()].find((key) => !VERSION_KEYS.includes(key));
  if (unknown !== undefined)
    throw new UserError(`${place}: unknown key '${unknown}'; known are ${VERSION_KEYS.join(', ')}.`);
  const part = (key: string) => {
    const one = value.entries.get(key);
    if (one && one.kind !== 'scalar') throw new UserError(`${place}: ${key}: a text is wanted, this is a ${one.kind}.`);
    return one?.text || undefined;
  };
  const [branch, tag, buildId, commit] = [part('branch'), part('tag'), part('buildId'), part('commit')];
  const latest = part('latest')?.toLowerCase() === 'true';
  if ([buildId, commit, tag].filter(Boolean).length > 1)
    throw new UserError(`${place}: give one of buildId, commit and tag.`);
  if (buildId !== undefined) {
    if (!/^\d{1,9}$/.test(buildId)) throw new UserError(`${place}: buildId: '${buildId}' is no id.`);
    return { kind: 'build', id: Number(buildId) };
  }
  if (commit !== undefined) {
    if (!/^[0-9a-f]{7,40}$/i.test(commit)) throw new UserError(`${place}: commit: '${commit}' is no commit id.`);
    return { kind: 'commit', commit, branch };
  }
  if (!branch && !tag && !latest) throw new UserError(`${place}: give a branch, a tag, a buildId, a commit or latest.`);
  return { kind: 'latest', branch, tag };
}

async function readStageVariables(read: Read): Promise<Record<string, Record<string, Variable>>> {
  const map = await readYamlMap(read, 'stageVariables');
  return Object.fromEntries(
    [...map].map(([stage, value]) => {
      if (value.kind !== 'map') throw new UserError(`stageVariables: '${stage}' wants a map of variables.`);
      return [stage, readVariables(value.entries, `stageVariables: ${stage}`)];
    }),
  );
}

function stageStatus(written: string): LatestFilters['stageStatus'][number] {
  const [, stage, status = ''] = /^(.+?)\s*=\s*(\w+)$/.exec(written) ?? [];
  const known = STATUSES.find((one) => one.toLowerCase() === status.toLowerCase());
  if (stage === undefined || !known)
    throw new UserError(
      `releaseStageStatus: '${written}' is not of the form Stage=status; a status is one of ${STATUSES.join(', ')}.`,
    );
  return { stage, status: known };
}
