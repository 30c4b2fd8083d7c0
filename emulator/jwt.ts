import { constants, generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto';

export interface Jwt {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

let issuerKeys: { publicKey: KeyObject; privateKey: KeyObject } | undefined;

/** The keys with which all organizations of this process sign their tokens, as one service does; made at first use. */
export function issuerKeyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  issuerKeys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return issuerKeys;
}

export function signedByIssuer(claims: Record<string, unknown>): string {
  const text = `${encode({ typ: 'JWT', alg: 'RS256', kid: 'emulator' })}.${encode({ jti: randomUUID(), ...claims })}`;
  return `${text}.${sign('sha256', Buffer.from(text), issuerKeyPair().privateKey).toString('base64url')}`;
}

/** Header and claims of a token; undefined for what is none. Says nothing about its signature. */
export function readJwt(token: string): Jwt | undefined {
  const [header, claims, signature] = token.split('.');
  if (!header || !claims || !signature) return undefined;
  try {
    return { header: decode(header), claims: decode(claims) };
  } catch {
    return undefined;
  }
}

/** Whether the signature is that of the key, by the algorithm that the header names (RS256 or PS256). */
export function isSignedBy(token: string, key: KeyObject): boolean {
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const padding =
    readJwt(token)?.header.alg === 'PS256'
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : {};
  return verify('sha256', Buffer.from(token.slice(0, dot)), { key, ...padding }, signature);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
}
