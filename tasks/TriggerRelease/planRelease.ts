import { randomUUID } from 'node:crypto';
import { UserError } from '../lib/errors';
import type { Parent } from '../lib/parent';
import { AT_ONCE } from '../lib/releases/deploying';
import { definitionUrl, findDefinition } from '../lib/releases/definition';
import type { StagePlan } from '../lib/releases/releaseEnd';
import { checkSettable, stageVariablesOf, unknownStage, type ReleaseRequest } from '../lib/releases/request';
import { findVersions, type WantedVersion } from '../lib/releases/versions';
import type { Condition, Definition, DefinitionEnvironment } from '../lib/releases/wire';
import { requestedFor } from '../lib/requestedFor';
import type { WaitingInputs } from '../lib/waitingInputs';
import type { World } from '../lib/world';
import type { CreateInputs } from './inputs';
import { parentVersions } from './parentVersions';
import type { Context } from './triggerRelease';

/** A release of which everything was looked up, and how its stages come about. */
export interface PlannedRelease {
  request: ReleaseRequest;
  /** Stages that count, by the definition's own names; empty: what the definition triggers. */
  stages: string[];
  plans: Map<string, StagePlan>;
  /** Selected stages that nothing else in the selection triggers. */
  toDeploy: string[];
  /** All stages of the definition. */
  environments: DefinitionEnvironment[];
  /** Folder of the definition, as in `\\scan`. */
  path: string | undefined;
}

/** Whatever is wrong with the definition, stages, artifacts or variables is said here, before anything is created. */
export async function planRelease(inputs: CreateInputs, context: Context, world: World): Promise<PlannedRelease> {
  const { azureDevOps, parent } = context;
  const { project } = inputs;
  const { signal } = world;
  const releases = await azureDevOps.releaseHost(world.signal);
  const definition = await findDefinition(releases, project, inputs.definition, signal);
  const url = definitionUrl(azureDevOps, project, definition);
  if (definition.isDisabled)
    throw new UserError(`The release definition '${definition.name}' is disabled: it takes no new releases. ${url}`);
  const stages = selectStages(inputs.stages, definition, url);
  checkWaitFor(inputs.waiting, stages.selected, {
    owner: definition.name,
    environments: definition.environments ?? [],
    url,
  });
  checkSettable(inputs.variables, definition.variables, {
    ...{ place: 'variables', owner: `the definition '${definition.name}'`, url },
  });
  const stageVariables = stageVariablesOf(inputs.stageVariables, definition, url);
  const wanted = wantedVersions(inputs, context, definition);
  const artifacts = await findVersions({ azureDevOps, releases, signal }, { project, definition, url }, wanted);
  return {
    request: {
      ...{ project, artifacts, stageVariables, variables: inputs.variables, draft: inputs.draft },
      definition: { id: definition.id, name: definition.name, url },
      description: described(inputs.description, parent),
      manual: stages.manual,
      tags: parent ? [...inputs.tags, parent.tag] : inputs.tags,
      createdFor: requestedFor(inputs.requestedFor, context, {
        begin: 'The release is created',
        elsewhere: 'it is created',
        log: world.log,
      }),
      mark: randomUUID(),
    },
    ...{ stages: stages.selected, plans: stages.plans, toDeploy: stages.toDeploy },
    ...{ environments: definition.environments ?? [], path: definition.path },
  };
}

/** The parent's versions where they are wanted, and over them what was given explicitly. */
function wantedVersions(
  { artifacts, artifactsFrom }: CreateInputs,
  { agent, parent }: Context,
  definition: Definition,
): Map<string, WantedVersion> {
  const given = [...artifacts.keys()].map((alias) => alias.toLowerCase());
  const inherited = artifactsFrom === 'parent' ? parentVersions(agent, parent, definition.artifacts ?? []) : [];
  return new Map([...[...inherited].filter(([alias]) => !given.includes(alias.toLowerCase())), ...artifacts]);
}

function described(text: string, parent: Parent | undefined): string {
  const user = parent?.requestedFor.name;
  return text
    .replace(/ for <user>|<user>/g, (found) => (user ? found.replace('<user>', user) : ''))
    .replaceAll('<parent>', parent ? `${parent.name} ${parent.url}` : 'Pipeline Cascade');
}

/** Throws `UserError` for a stage to wait for that is not there, or that nothing would start. */
export function checkWaitFor(
  { waitFor }: WaitingInputs,
  selected: string[],
  known: { owner: string; environments: { name: string }[]; url: string },
): void {
  for (const wanted of typeof waitFor === 'string' ? [] : waitFor) {
    const has = (names: string[]) => names.some((name) => name.toLowerCase() === wanted.toLowerCase());
    if (!has(known.environments.map(({ name }) => name))) throw new UserError(unknownStage('waitFor', wanted, known));
    if (selected.length && !has(selected))
      throw new UserError(
        `waitFor: stage '${wanted}' is none of the stages that are deployed: ${selected.join(', ')}. ${known.url}`,
      );
  }
}

/**
 * Of the selected stages those that nothing else in the selection triggers are the step's own to deploy, after what of the selection
 * they wait for; the stages that were not selected wait for a hand.
 */
export function selectStages(
  names: string[],
  definition: Definition,
  url: string,
): Pick<PlannedRelease, 'plans' | 'toDeploy'> & { selected: string[]; manual: string[] } {
  const environments = definition.environments ?? [];
  const plans = new Map<string, StagePlan>();
  if (!names.length) return { selected: [], manual: [], plans, toDeploy: [] };
  const selected = names.map((wanted) => {
    const found = environments.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    if (!found) throw new UserError(unknownStage('stages', wanted, { owner: definition.name, environments, url }));
    return found;
  });
  const isSelected = (name = '') => selected.some((one) => one.name.toLowerCase() === name.toLowerCase());
  const toDeploy = selected.filter((one) => !isTriggered(one, isSelected)).map(({ name }) => name);
  const manual = environments.map(({ name }) => name).filter((name) => !isSelected(name) || toDeploy.includes(name));
  for (const { name, conditions = [] } of environments) {
    const before = conditions.filter((one) => isStage(one) && isSelected(one.name));
    if (!isSelected(name)) plans.set(name.toLowerCase(), { conditions: [] });
    else if (toDeploy.includes(name)) plans.set(name.toLowerCase(), { conditions: before.length ? before : [AT_ONCE] });
    // Conditions are taken from the definition: what a release shows of them may be empty.
    else plans.set(name.toLowerCase(), { conditions });
  }
  return { selected: selected.map(({ name }) => name), manual, plans, toDeploy };
}

function isTriggered({ conditions = [] }: DefinitionEnvironment, isSelected: (name?: string) => boolean): boolean {
  return conditions.length > 0 && conditions.every((one) => !isStage(one) || isSelected(one.name));
}

function isStage({ conditionType = '' }: Condition): boolean {
  return conditionType.toLowerCase() === 'environmentstate';
}
