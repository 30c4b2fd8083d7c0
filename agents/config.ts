import type { IdleMinimum } from './plan/idleMinimum';
import { readIdleMinimum } from './plan/idleMinimum';
import type { Limits } from './plan/plan';
import type { ProfileSettings } from './profiles';
import { defaultProfile, readProfiles } from './profiles';
import type { Variables } from './variables';
import {
  choice,
  decimalNumber,
  flag,
  matching,
  readVariablesFile,
  refuse,
  requiredText,
  text,
  wholeNumber,
} from './variables';

export type HostName = 'kubernetes' | 'aci';
export type AzureCloud = 'public' | 'usGovernment' | 'china';

/** Everything that can be set, in the units that the code uses. */
export interface Config {
  orgUrl: string;
  /** Undefined: a token of the workload's identity, by DefaultAzureCredential. */
  orgPat?: string;
  pools: string[];
  prefix: string;
  hosts: HostName[];
  registration: 'auto' | 'key' | 'token';
  /** The default one first. */
  profiles: ProfileSettings[];
  limits: Limits;
  pollingDelayMs: number;
  pollingDelayIdleMs: number;
  runOnce: boolean;
  kubernetes: { namespace: string; initializeNamespace: boolean; dockerSocketPath?: string };
  /** Set where `HOST_TYPE` names aci. */
  aci?: AciConfig;
  port: number;
  /** The service hook is open only with both. */
  hook?: { user: string; password: string };
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}

export interface AciConfig {
  subscriptionId: string;
  resourceGroup: string;
  tenantId?: string;
  region: string;
  cloud: AzureCloud;
  cpu: number;
  memoryGb: number;
  subnetId?: string;
  registry?: { server: string; identity?: string; username?: string; password?: string };
}

/** How long an agent may take to come up: image pulls of many GB included. */
const startTimeoutMs = 900_000;

const names =
  'ORG_URL ORG_PAT AGENT_POOLS JOB_IMAGE JOB_NAMESPACE INITIALIZE_NAMESPACE JOB_PREFIX JOB_DOCKER_SOCKET_PATH JOB_DEFINITION_FILE ' +
  'POLLING_DELAY POLLING_DELAY_IDLE RUN_ONCE HOST_TYPE MAX_AGENTS MINIMUM_AGENT_COUNT MINIMUM_IDLE_AGENT_COUNT IDLE_TIMEOUT ' +
  'PROFILES_FILE CANCEL_UNSERVABLE_AFTER REGISTRATION AZ_SUBSCRIPTION_ID AZ_RESOURCE_GROUP AZ_TENANT_ID AZ_REGION AZ_ENVIRONMENT ' +
  'ACI_CPU ACI_MEMORY_GB ACI_SUBNET_ID ACI_REGISTRY_SERVER ACI_REGISTRY_IDENTITY ACI_REGISTRY_USERNAME ACI_REGISTRY_PASSWORD ' +
  'PORT HOOK_USER HOOK_PASSWORD LOG_LEVEL';

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads the configuration from the environment and, under it, from `CONFIG_FILE`. Either all is well, or each bad value gets a sentence. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): { config: Config } | { problems: string[] } {
  const variables = allVariables(environment, readFile);
  const hosts = readHosts(variables);
  const limits = readLimits(variables);
  const config: Config = {
    orgUrl: readOrgUrl(variables),
    ...optional('orgPat', text(variables, 'ORG_PAT')),
    pools: readPools(variables),
    prefix: readPrefix(variables),
    hosts,
    registration: choice<Config['registration']>(variables, 'REGISTRATION', {
      options: { auto: 'auto', key: 'key', token: 'token' },
      fallback: 'auto',
    }),
    profiles: readAllProfiles(variables, hosts, readFile),
    limits,
    pollingDelayMs: wholeNumber(variables, 'POLLING_DELAY', { fallback: 1000, min: 100, max: 3_600_000 }),
    pollingDelayIdleMs: wholeNumber(variables, 'POLLING_DELAY_IDLE', { fallback: 15_000, min: 100, max: 3_600_000 }),
    runOnce: flag(variables, 'RUN_ONCE'),
    kubernetes: {
      namespace: matching(variables, 'JOB_NAMESPACE', {
        pattern: label,
        what: 'the name of a namespace: lower-case letters, digits and -',
        fallback: 'default',
      }),
      initializeNamespace: flag(variables, 'INITIALIZE_NAMESPACE'),
      ...optional('dockerSocketPath', readSocketPath(variables)),
    },
    ...(hosts.includes('aci') && { aci: readAci(variables) }),
    port: wholeNumber(variables, 'PORT', { fallback: 8080, min: 0, max: 65_535 }),
    ...optional('hook', readHook(variables)),
    logLevel: readLogLevel(variables),
  };
  return variables.problems.length > 0 ? { problems: variables.problems } : { config };
}

function allVariables(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Variables {
  const path = environment.CONFIG_FILE?.trim();
  if (!path) return { values: environment, problems: [] };
  const content = readOr(readFile, path);
  if (content === undefined)
    return { values: environment, problems: [`CONFIG_FILE is '${path}': there is no such file to read.`] };
  const file = readVariablesFile(path, content, names.split(' '));
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  return { values: { ...file.values, ...set }, problems: file.problems };
}

function readOr(readFile: (path: string) => string, path: string): string | undefined {
  try {
    return readFile(path);
  } catch {
    return undefined;
  }
}

function readOrgUrl(variables: Variables): string {
  const value = requiredText(
    variables,
    'ORG_URL',
    'the URL of the organization or collection, like https://dev.azure.com/contoso',
  );
  if (value === '') return value;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.username || url?.password) {
    variables.problems.push('ORG_URL carries a user name or password: put the token into ORG_PAT instead.');
  } else if (url === undefined || !/^https?:$/.test(url.protocol)) {
    refuse(variables, 'ORG_URL', 'the URL of the organization or collection, like https://dev.azure.com/contoso');
  }
  return value.replace(/\/+$/, '');
}

function readPools(variables: Variables): string[] {
  const pools = requiredText(variables, 'AGENT_POOLS', 'the names of the agent pools, separated by commas')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return [...new Map(pools.map((name) => [name.toLowerCase(), name])).values()];
}

function readPrefix(variables: Variables): string {
  const prefix = matching(variables, 'JOB_PREFIX', {
    pattern: /^[a-z0-9][-a-z0-9]{0,28}$/,
    what: 'at most 29 lower-case letters, digits and -, the first not a -',
    fallback: 'agent-job-',
  });
  return prefix.endsWith('-') ? prefix : `${prefix}-`;
}

function readHosts(variables: Variables): HostName[] {
  const spellings: Record<string, HostName> = {
    kubernetes: 'kubernetes',
    k8s: 'kubernetes',
    aci: 'aci',
    azurecontainerinstances: 'aci',
    azurecontainerinstance: 'aci',
  };
  const words = (text(variables, 'HOST_TYPE') ?? 'kubernetes').split(',').map((word) => word.trim().toLowerCase());
  const hosts = words.flatMap((word) => spellings[word] ?? []);
  if (hosts.length < words.length)
    refuse(variables, 'HOST_TYPE', 'kubernetes, aci, or both in the order in which they are filled');
  return [...new Set(hosts)];
}

function readLimits(variables: Variables): Limits {
  const maxAgents = wholeNumber(variables, 'MAX_AGENTS', { fallback: 100, min: 1, max: 10_000 });
  const minimumAgents = wholeNumber(variables, 'MINIMUM_AGENT_COUNT', { fallback: 0, min: 0, max: 10_000 });
  if (minimumAgents > maxAgents) refuse(variables, 'MINIMUM_AGENT_COUNT', `at most MAX_AGENTS, which is ${maxAgents}`);
  const cancelAfter = text(variables, 'CANCEL_UNSERVABLE_AFTER')?.toLowerCase();
  return {
    maxAgents,
    minimumAgents,
    minimumIdle: readMinimumIdle(variables, maxAgents),
    idleTimeoutMs: wholeNumber(variables, 'IDLE_TIMEOUT', { fallback: 300, min: 10, max: 604_800 }) * 1000,
    startTimeoutMs,
    ...(cancelAfter !== undefined &&
      cancelAfter !== 'off' && {
        cancelUnservableAfterMs:
          wholeNumber(variables, 'CANCEL_UNSERVABLE_AFTER', { fallback: 1, min: 1, max: 100_000 }) * 60_000,
      }),
  };
}

function readMinimumIdle(variables: Variables, maxAgents: number): IdleMinimum[] {
  const minimum = readIdleMinimum(text(variables, 'MINIMUM_IDLE_AGENT_COUNT') ?? '0');
  if (minimum === undefined)
    refuse(
      variables,
      'MINIMUM_IDLE_AGENT_COUNT',
      "a number, or one with its hours like '2@Mon-Fri 07:00-19:00 Europe/Berlin'",
    );
  else if (minimum.some(({ count }) => count > maxAgents))
    refuse(variables, 'MINIMUM_IDLE_AGENT_COUNT', `at most MAX_AGENTS, which is ${maxAgents}`);
  return minimum ?? [];
}

function readAllProfiles(
  variables: Variables,
  hosts: readonly HostName[],
  readFile: (path: string) => string,
): ProfileSettings[] {
  const image = text(variables, 'JOB_IMAGE');
  const jobDefinitionFile = text(variables, 'JOB_DEFINITION_FILE');
  if (image === undefined && (jobDefinitionFile === undefined || hosts.includes('aci'))) {
    variables.problems.push('JOB_IMAGE is not set: give it the image of the agent.');
  }
  const first = defaultProfile({ ...optional('image', image), ...optional('jobDefinitionFile', jobDefinitionFile) });
  if (
    hosts.includes('kubernetes') &&
    jobDefinitionFile !== undefined &&
    readOr(readFile, jobDefinitionFile) === undefined
  )
    refuse(variables, 'JOB_DEFINITION_FILE', 'the path of a file that is there and can be read');
  const path = text(variables, 'PROFILES_FILE');
  if (path === undefined) return [first];
  const content = readOr(readFile, path);
  if (content === undefined) refuse(variables, 'PROFILES_FILE', 'the path of a file that is there and can be read');
  const { profiles, problems } = readProfiles(path, content ?? '{}', first);
  variables.problems.push(...problems);
  for (const profile of profiles.slice(1)) {
    const file = profile.jobDefinitionFile;
    if (file === undefined || file === jobDefinitionFile || !hosts.includes('kubernetes')) continue;
    if (readOr(readFile, file) === undefined)
      variables.problems.push(`${path}: profile '${profile.name}': there is no file '${file}' to read.`);
  }
  return profiles;
}

function readSocketPath(variables: Variables): string | undefined {
  const path = text(variables, 'JOB_DOCKER_SOCKET_PATH');
  if (path !== undefined && !path.startsWith('/'))
    refuse(variables, 'JOB_DOCKER_SOCKET_PATH', 'an absolute path, like /var/run/docker.sock');
  return path;
}

function readAci(variables: Variables): AciConfig {
  return {
    subscriptionId: requiredText(variables, 'AZ_SUBSCRIPTION_ID', 'the subscription of the container groups'),
    resourceGroup: requiredText(variables, 'AZ_RESOURCE_GROUP', 'the resource group of the container groups'),
    ...optional('tenantId', text(variables, 'AZ_TENANT_ID')),
    region: requiredText(variables, 'AZ_REGION', 'the region of the container groups, like westeurope'),
    cloud: choice<AzureCloud>(variables, 'AZ_ENVIRONMENT', {
      options: {
        AzurePublicCloud: 'public',
        AzureGlobalCloud: 'public',
        AzureUSGovernment: 'usGovernment',
        AzureChina: 'china',
      },
      fallback: 'public',
    }),
    cpu: decimalNumber(variables, 'ACI_CPU', { fallback: 2, min: 0.1, max: 31 }),
    memoryGb: decimalNumber(variables, 'ACI_MEMORY_GB', { fallback: 4, min: 0.1, max: 240 }),
    ...optional('subnetId', text(variables, 'ACI_SUBNET_ID')),
    ...optional('registry', readRegistry(variables)),
  };
}

function readRegistry(variables: Variables): AciConfig['registry'] {
  const server = text(variables, 'ACI_REGISTRY_SERVER');
  const identity = text(variables, 'ACI_REGISTRY_IDENTITY');
  const username = text(variables, 'ACI_REGISTRY_USERNAME');
  const password = text(variables, 'ACI_REGISTRY_PASSWORD');
  if (identity === undefined && username === undefined && password === undefined && server === undefined)
    return undefined;
  if (server === undefined)
    variables.problems.push('ACI_REGISTRY_SERVER is not set: name the registry, like contoso.azurecr.io.');
  if ((username === undefined) !== (password === undefined)) {
    variables.problems.push('ACI_REGISTRY_USERNAME and ACI_REGISTRY_PASSWORD go together: set both or none.');
  } else if ((identity === undefined) === (username === undefined)) {
    variables.problems.push('Set either ACI_REGISTRY_IDENTITY, or ACI_REGISTRY_USERNAME and ACI_REGISTRY_PASSWORD.');
  }
  return {
    server: server ?? '',
    ...optional('identity', identity),
    ...optional('username', username),
    ...optional('password', password),
  };
}

function readHook(variables: Variables): Config['hook'] {
  const user = text(variables, 'HOOK_USER');
  const password = text(variables, 'HOOK_PASSWORD');
  if (user !== undefined && password !== undefined) return { user, password };
  if (user !== undefined || password !== undefined) {
    variables.problems.push('HOOK_USER and HOOK_PASSWORD go together: set both or none.');
  }
  return undefined;
}

function readLogLevel(variables: Variables): Config['logLevel'] {
  return choice<Config['logLevel']>(variables, 'LOG_LEVEL', {
    options: {
      fatal: 'fatal',
      error: 'error',
      warn: 'warn',
      warning: 'warn',
      info: 'info',
      debug: 'debug',
      trace: 'trace',
      silent: 'silent',
    },
    fallback: 'info',
  });
}

/** A key that is there only with a value. */
function optional<K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, T>);
}
