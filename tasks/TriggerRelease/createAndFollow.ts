import { checkRights } from '../lib/releases/rights';
import { TAGS } from '../lib/releases/wire';
import { addTags } from '../lib/tags';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { follow } from './follow';
import type { CreateInputs } from './inputs';
import { ownRelease } from './ownRelease';
import { planRelease, type PlannedRelease } from './planRelease';
import type { Context } from './triggerRelease';

/** Looks everything up, creates the release, deploys what is the step's own to deploy, waits, and says what the end makes of the step. */
export async function createAndFollow(inputs: CreateInputs, context: Context, world: World): Promise<Verdict> {
  const planned = await planRelease(inputs, context, world);
  if (inputs.dryRun) return await dryRun(planned, context, world);
  const { child, isNew } = await ownRelease(planned, context, world);
  // Beside the wait: outputs and stages must not wait for tags.
  const { project, id, url } = child;
  const release = { place: TAGS, route: { project, releaseId: id }, url };
  const { tags } = planned.request;
  const tagging = isNew ? addTags(await context.azureDevOps.releaseHost(), release, { tags, world }) : undefined;
  try {
    return await follow(inputs.waiting, { children: [child], draft: inputs.draft, beside: tagging }, context, world);
  } finally {
    await tagging;
  }
}

async function dryRun(
  { request, stages, toDeploy, environments, path }: PlannedRelease,
  { azureDevOps }: Context,
  world: World,
): Promise<Verdict> {
  const { project, definition, artifacts, variables } = request;
  const deploys = environments.filter(({ name }) => toDeploy.includes(name));
  await checkRights(azureDevOps, { project, definition: { ...definition, path }, create: true, deploys }, world);
  const versions = artifacts.map(({ alias, version }) => `${alias} ${version.name ?? version.id ?? ''}`);
  const given = Object.keys(variables);
  const parts = [
    stages.length && `its stages ${stages.join(', ')}`,
    versions.length && `the artifacts ${versions.join(', ')}`,
    given.length && `the variables ${given.join(', ')}`,
  ].filter(Boolean);
  world.log.info(
    `A release of ${definition.name} would be created${parts.length ? ` with ${parts.join('; ')}` : ''}. ${definition.url}`,
  );
  return { result: 'Succeeded', message: 'Checked; no release was created (dryRun).' };
}
