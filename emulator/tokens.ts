import { randomBytes } from 'node:crypto';
import { person, type Access, type Identity, type Permission } from './state/identity';

/** A token besides the main one: as whom it comes, until when, and what it may not do. */
export interface TokenOptions {
  token: string;
  identity?: Identity | string;
  /** Epoch ms on the emulator's clock from which on it is refused. */
  expiresAt?: number;
  denied?: Permission[];
  /** Names or ids of the only projects that it sees. */
  projects?: string[];
  /** Names of the only repositories that it reads. */
  repositories?: string[];
}

/** How a wrong or expired token is told, all three of which the service does. */
export type BadTokenAnswer = 'signIn203' | 'redirect302' | 'unauthorized401';

export function randomToken(): string {
  return randomBytes(26).toString('hex');
}

/** What an agent's own token is good for: its session and its job, not the managing of its pool. */
export function agentAccess(token: string, name: string, expiresAt: number): TokenOptions {
  return { token, identity: name, expiresAt, denied: ['managePools'] };
}

/** The token of a request: as Bearer, or as the password of Basic with any user name. */
export function tokenOf(authorization: string | undefined): string | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}

/** What the holder of a token may do; undefined where the token is wrong or has expired. */
export function accessFor(
  token: string | undefined,
  known: TokenOptions[],
  now: number,
  owner: Identity,
): Access | undefined {
  const found = known.find((candidate) => candidate.token === token);
  if (!found || (found.expiresAt !== undefined && found.expiresAt <= now)) return undefined;
  return {
    identity: typeof found.identity === 'string' ? person(found.identity) : (found.identity ?? owner),
    denied: found.denied ?? [],
    ...(found.projects ? { projects: found.projects } : {}),
    ...(found.repositories ? { repositories: found.repositories } : {}),
  };
}
