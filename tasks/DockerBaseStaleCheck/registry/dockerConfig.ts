import { execFile } from 'node:child_process';
import { messageOf } from '../../lib/errors';
import type { Secrets } from '../../lib/secrets';
import { loginHost, type FindCredential, type NamedCredential, type RegistryCredential } from './credentials';

interface ConfigEntry {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
}

/** The agent's Docker configuration, as far as logins go. https://docs.docker.com/reference/cli/docker/login/#credential-stores */
export interface DockerConfig {
  auths?: Record<string, ConfigEntry>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** Asks a credential helper for a server; rejects with what it says. */
export type AskHelper = (helper: string, server: string) => Promise<{ Username?: string; Secret?: string }>;

const HUB_KEY = 'https://index.docker.io/v1/';
const LONGEST_HELP_MS = 15_000;

/**
 * Finds logins in a Docker configuration as Docker does: what the file holds, then the helper of the host, then the store. A helper that
 * refuses is said once, and the registry is asked without login.
 */
export function configCredentials(
  config: DockerConfig,
  askHelper: AskHelper,
  { secrets, warn }: { secrets: Secrets; warn: (text: string) => void },
): FindCredential {
  const known = new Map<string, Promise<NamedCredential | undefined>>();
  const find = async (host: string): Promise<NamedCredential | undefined> => {
    const stored = Object.entries(config.auths ?? {}).find(([key]) => loginHost(key) === host)?.[1];
    const own = stored && credentialIn(stored, secrets);
    if (own) return { name: "the agent's Docker login", credential: own };
    const named = Object.entries(config.credHelpers ?? {}).find(([key]) => loginHost(key) === host);
    const helper = named?.[1] ?? config.credsStore;
    if (!helper) return undefined;
    try {
      const { Username: username = '', Secret: secret = '' } = await askHelper(
        helper,
        named?.[0] ?? (host === 'docker.io' ? HUB_KEY : host),
      );
      const credential = secret ? credentialOf(username, secret, secrets) : undefined;
      return credential && { name: `the credential helper '${helper}'`, credential };
    } catch (error) {
      // A store that simply has no login for the host is the usual case.
      if (/credentials not found/i.test(messageOf(error))) return undefined;
      warn(`The credential helper '${helper}' gives no login for ${host}: ${messageOf(error)}`);
      return undefined;
    }
  };
  return (host) => {
    const answer = known.get(host) ?? find(host);
    known.set(host, answer);
    return answer;
  };
}

function credentialIn(entry: ConfigEntry, secrets: Secrets): RegistryCredential | undefined {
  if (entry.identitytoken) return credentialOf('<token>', entry.identitytoken, secrets);
  if (entry.username && entry.password) return credentialOf(entry.username, entry.password, secrets);
  const [username = '', ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':');
  return username && password.length ? credentialOf(username, password.join(':'), secrets) : undefined;
}

function credentialOf(username: string, secret: string, secrets: Secrets): RegistryCredential {
  secrets.add(secret, username);
  return username === '<token>'
    ? { kind: 'refreshToken', token: () => Promise.resolve(secret) }
    : { kind: 'password', username, password: secret };
}

/** Runs `docker-credential-<helper> get` without a shell, in bounded time. */
export function runHelper(helper: string, server: string): Promise<{ Username?: string; Secret?: string }> {
  return new Promise((resolve, reject) => {
    if (!/^[\w.-]+$/.test(helper)) {
      reject(new Error(`'${helper}' is no name of a credential helper.`));
      return;
    }
    const child = execFile(
      `docker-credential-${helper}`,
      ['get'],
      { timeout: LONGEST_HELP_MS, maxBuffer: 1024 * 1024, windowsHide: true },
      (error, stdout, stderr) => {
        const said = (stdout.trim() || stderr.trim()).slice(0, 300);
        if (error) {
          reject(new Error(said || error.message));
          return;
        }
        try {
          resolve(JSON.parse(stdout) as { Username?: string; Secret?: string });
        } catch {
          reject(new Error('Its answer is no JSON.'));
        }
      },
    );
    // A helper that ends without reading must not end us.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}
