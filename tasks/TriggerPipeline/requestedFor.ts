import { needsRunsApi } from '../lib/runs/request';
import type { World } from '../lib/world';
import type { StartInputs } from './inputs';
import type { Context } from './triggerPipeline';

/** Ids of the service itself, in whose name scheduled and triggered runs are queued, start like this. */
const SERVICE_IDENTITY = /^0{8}-0{4}-8888-/;

/**
 * The id of the person whom the parent runs for, where the service takes it: the builds API of the parent's own organization.
 * Otherwise undefined, the connection's identity, and one log line that says why.
 */
export function requestedFor(
  inputs: StartInputs,
  { parent, azureDevOps }: Context,
  { log }: World,
): string | undefined {
  if (inputs.requestedFor === 'connection' || !parent) return undefined;
  const { id, name = '' } = parent.requestedFor;
  const reason =
    parent.organization !== azureDevOps.account.url
      ? 'they are started in another organization'
      : !id || SERVICE_IDENTITY.test(id) || name.includes(' Build Service (')
        ? 'this run was not started by a person'
        : inputs.runs.every(
              ({ run }) =>
                run.stages.length > 0 || run.stagesToSkip.length > 0 || needsRunsApi({ ...run, stagesToSkip: [] }),
            )
          ? 'runs with selected stages, resources or secret variables take no other name'
          : undefined;
  if (!reason) return id;
  log.info(`The runs are requested for the identity of the connection, not for ${name || 'a person'}: ${reason}.`);
  return undefined;
}
