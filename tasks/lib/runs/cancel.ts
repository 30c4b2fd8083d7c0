import type { AzureDevOps } from '../azureDevOps';
import { messageOf } from '../errors';
import type { Log } from '../log';
import { title, type Child } from './child';
import { BUILDS } from './wire';

const TIMEOUT_MS = 3000;

/**
 * Asks the service to cancel these runs, all at once, and says for each whether that was accepted; gives those for which it was not. Never throws.
 * Not tied to the step's own signal: this is what has to happen when it was given.
 * https://learn.microsoft.com/rest/api/azure/devops/build/builds/update-build
 */
export async function cancelRuns(azureDevOps: AzureDevOps, children: Child[], log: Log): Promise<Child[]> {
  const refused: Child[] = [];
  await Promise.all(
    children.map(async (child) => {
      try {
        await azureDevOps.call('PATCH', BUILDS, {
          route: { project: child.project, buildId: child.id },
          body: { status: 'cancelling' },
          repeatable: true,
          attempts: 3,
          timeoutMs: TIMEOUT_MS,
        });
        log.info(`${title(child)}: cancellation accepted. ${child.url}`);
      } catch (error) {
        refused.push(child);
        log.error(`${title(child)}: could not be canceled, it goes on. ${messageOf(error)} ${child.url}`);
      }
    }),
  );
  return refused;
}
