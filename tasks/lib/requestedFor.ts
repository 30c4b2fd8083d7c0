import type { AzureDevOps } from './azureDevOps';
import type { Parent } from './parent';
import type { World } from './world';

/** Ids of the service itself, in whose name scheduled and triggered runs are queued, start like this. */
const SERVICE_IDENTITY = /^0{8}-0{4}-8888-/;

/**
 * The id of the person whom the parent runs for, where the service takes it: in the parent's own organization, and not where `refusal` says why not.
 * Otherwise undefined, the connection's identity, and one log line that says why.
 * @param words how the line begins ('The runs are requested') and what another organization means ('they are started').
 */
export function requestedFor(
  wanted: 'parent' | 'connection',
  { parent, azureDevOps }: { parent: Parent | undefined; azureDevOps: AzureDevOps },
  {
    begin,
    elsewhere,
    refusal,
    log,
  }: { begin: string; elsewhere: string; refusal?: string | undefined } & Pick<World, 'log'>,
): string | undefined {
  if (wanted === 'connection' || !parent) return undefined;
  const { id, name = '' } = parent.requestedFor;
  const reason =
    parent.organization !== azureDevOps.account.url
      ? `${elsewhere} in another organization`
      : !id || SERVICE_IDENTITY.test(id) || name.includes(' Build Service (')
        ? 'this run was not started by a person'
        : refusal;
  if (!reason) return id;
  log.info(`${begin} for the identity of the connection, not for ${name || 'a person'}: ${reason}.`);
  return undefined;
}
