import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from '../../lib/agent';
import type { SignIn } from '../../lib/entra/signIn';
import { messageOf } from '../../lib/errors';
import type { Log } from '../../lib/log';
import { connectionCredentials } from './connections';
import type { FindCredential } from './credentials';
import { configCredentials, runHelper, type DockerConfig } from './dockerConfig';

/** Logins by service connection first, then those of the agent's Docker configuration. */
export function agentCredentials(ids: readonly string[], signIn: SignIn, log: Log): FindCredential {
  const connections = connectionCredentials(ids, signIn.agent, signIn);
  const warn = (text: string) => log.warning(text);
  const config = configCredentials(readConfig(signIn.agent, warn), runHelper, { secrets: signIn.secrets, warn });
  return async (host) => connections.get(host) ?? (await config(host));
}

/** The configuration that `docker login` of this agent writes; empty where there is none. */
function readConfig(agent: Agent, warn: (text: string) => void): DockerConfig {
  const home = agent.variable('HOME') ?? agent.variable('USERPROFILE');
  const folder = agent.variable('DOCKER_CONFIG') ?? (home && path.join(home, '.docker'));
  const file = folder && path.join(folder, 'config.json');
  if (!file || !fs.existsSync(file)) return {};
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as DockerConfig;
  } catch (error) {
    warn(`The Docker configuration ${file} cannot be read, so its logins are not used: ${messageOf(error)}`);
    return {};
  }
}
