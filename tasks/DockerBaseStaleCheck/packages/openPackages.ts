import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Agent } from '../../lib/agent';
import type { Account } from '../../lib/azureDevOps';
import type { Secrets } from '../../lib/secrets';
import type { Transport } from '../../lib/transport';
import type { World } from '../../lib/world';
import type { NamedCredential } from '../registry/credentials';
import { readAptSources, type AptArchive } from './indexes/aptSources';
import { IndexCache } from './indexes/IndexCache';
import { indexLocations, type IndexLocations } from './indexes/indexLocations';
import { IndexLogins } from './indexes/indexLogins';
import { npmLogin } from './indexes/npmLogins';
import { PackageIndexes } from './indexes/PackageIndexes';
import type { PackageInputs } from './packageInputs';

/** Where packages are asked for, and by whom. */
export interface PackageSources {
  indexes: PackageIndexes;
  locations: IndexLocations;
  logins: IndexLogins;
}

interface AgentHost {
  agent: Agent;
  transport: Transport;
  secrets: Secrets;
  /** Logins by service connection, by host. */
  connections: ReadonlyMap<string, NamedCredential>;
  /** The organization of the job; undefined in a shell. */
  own: Account | undefined;
}

const APT = '/etc/apt';

/** Opens the indexes as the inputs and the agent's own configuration have them. Nothing is asked yet. */
export async function openPackages(
  { indexes: given }: PackageInputs,
  { agent, transport, secrets, connections, own }: AgentHost,
  world: World,
): Promise<PackageSources> {
  // The registry that npm itself is set up with, by scope.
  const { default: registryUrl } = await import('registry-url');
  const variable = (name: string) => agent.variable(name);
  const npmrc = npmrcFiles(agent);
  const npmToken = (url: string) => Promise.resolve(npmLogin(url, npmrc, variable));
  const organization = own && { url: own.url, authorization: () => own.credentials.authorization() };
  const logins = new IndexLogins({ connections, own: organization, npmToken }, secrets);
  for (const url of given.values()) logins.clean(url);
  const locations = indexLocations(given, variable, {
    registryOf: (scope) => Promise.resolve(registryUrl(scope)),
    aptArchives: agentArchives(),
  });
  const cache = new IndexCache(cacheFolder(agent), () => world.clock.now());
  const indexes = new PackageIndexes(transport, { cache, loginFor: logins.find }, world);
  return { indexes, locations, logins };
}

/** In the agent's tool folder, which outlives the job; from a shell in the user's cache. Where that cannot be written, for this run alone. */
function cacheFolder(agent: Agent): string {
  const tools = agent.variable('Agent.ToolsDirectory');
  const folder = path.join(tools ?? path.join(os.homedir(), '.cache'), 'pipeline-cascade', 'package-indexes');
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    return folder;
  } catch {
    return fs.mkdtempSync(path.join(agent.variable('Agent.TempDirectory') ?? os.tmpdir(), 'package-indexes-'));
  }
}

/** The archives of the agent's own apt, where it has one. */
function agentArchives(): AptArchive[] {
  try {
    const folder = path.join(APT, 'sources.list.d');
    const listed = fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => path.join(folder, name)) : [];
    const files = [path.join(APT, 'sources.list'), ...listed].filter((file) => /\.(list|sources)$/.test(file));
    return files.filter((file) => fs.existsSync(file)).flatMap((file) => readAptSources(fs.readFileSync(file, 'utf8')));
  } catch {
    return [];
  }
}

/** npm's configuration of the working folder and of the user, as an authenticate task leaves it. */
function npmrcFiles(agent: Agent): string[] {
  const folders: string[] = [];
  for (let folder = path.resolve('.'); !folders.includes(folder); folder = path.dirname(folder)) folders.push(folder);
  const user = agent.variable('NPM_CONFIG_USERCONFIG') ?? path.join(os.homedir(), '.npmrc');
  const nearest = folders.map((folder) => path.join(folder, '.npmrc')).find((file) => fs.existsSync(file));
  return [nearest, user].flatMap((file) => (file && fs.existsSync(file) ? [fs.readFileSync(file, 'utf8')] : []));
}
