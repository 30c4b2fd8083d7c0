/** Who asks a registry: a user with password, or a token that is exchanged for others. */
export type RegistryCredential =
  | { kind: 'password'; username: string; password: string }
  /** Gets the refresh token of an `az acr login`, or of the exchange that a service connection makes. */
  | { kind: 'refreshToken'; token: () => Promise<string> };

/** Credentials with the words in which messages name them. */
export interface NamedCredential {
  name: string;
  credential: RegistryCredential;
}

/** Gives the credentials for a registry; undefined asks without. */
export type FindCredential = (host: string) => Promise<NamedCredential | undefined>;

/** The header of a user name and password. */
export function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/**
 * The host that an entry of a login means: without scheme and path, and `docker.io` for all the names that Docker Hub has in such
 * lists.
 */
export function loginHost(written: string): string {
  const host = written
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  return ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com', 'hub.docker.com'].includes(host)
    ? 'docker.io'
    : host;
}
