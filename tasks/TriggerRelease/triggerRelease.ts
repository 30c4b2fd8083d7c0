import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import type { Parent } from '../lib/parent';
import type { Register } from '../lib/register';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import { createAndFollow } from './createAndFollow';
import { existingReleases } from './existingReleases';
import type { Inputs } from './inputs';

/** What the step works with beside its inputs. */
export interface Context {
  agent: Agent;
  azureDevOps: AzureDevOps;
  /** This organization with the job's own token, whatever the connection: the parent lies there. */
  own: () => AzureDevOps;
  parent: Parent | undefined;
  register: Register;
  /** Stage, job and step, as part of file names. */
  stepName: string;
}

/** Does what `action` says and tells what the releases' ends make of the step. */
export async function triggerRelease(inputs: Inputs, context: Context, world: World): Promise<Verdict> {
  return inputs.action === 'create'
    ? await createAndFollow(inputs, context, world)
    : await existingReleases(inputs, context, world);
}
