import type { Agent } from '../../../../tasks/lib/agent';
import { readParent } from '../../../../tasks/lib/parent';
import { Secrets } from '../../../../tasks/lib/secrets';
import { Transport } from '../../../../tasks/lib/transport';
import { systemClock } from '../../../../tasks/lib/world';
import type { PublishHost } from '../../../../tasks/DockerBaseStaleCheck/lock/publishLocks';
import { buildVariables } from '../../../agent/systemVariables';

/** What a job in the organization at the server's address has to publish locks with. */
export function publishHost({
  url,
  folder,
  runNumber,
}: {
  url: string;
  folder: string;
  runNumber: string;
}): PublishHost {
  const collectionUri = `${new URL(url).origin}/`;
  const repository = { id: 'images', name: 'images', uri: url, provider: 'TfsGit' };
  const given = Object.entries({
    ...buildVariables({ collectionUri, runNumber, repository }),
    'build.repository.localpath': folder,
  });
  const variables = new Map(given.map(([name, value]) => [name.toLowerCase(), value]));
  const agent = {
    variable: (name: string) => variables.get(name.toLowerCase()),
    network: () => ({}),
  } as Pick<Agent, 'variable' | 'network'> as Agent;
  const credentials = { authorization: () => Promise.resolve('Bearer token-of-the-job') };
  const world = {
    clock: systemClock,
    log: { info: ignore, warning: ignore, error: ignore, debug: ignore, group: ignore },
    signal: new AbortController().signal,
  };
  return {
    agent,
    own: { url: collectionUri, credentialName: "the job's own token", credentials },
    secrets: new Secrets(ignore),
    environment: { PATH: process.env.PATH, HOME: folder },
    parent: readParent(agent),
    transport: new Transport(world),
  };
}

function ignore(): void {
  // Nobody listens.
}
