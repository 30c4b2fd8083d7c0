import { generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from 'node:crypto';

/** A certificate with its key, both as PEM. */
export interface Certified {
  certificate: string;
  key: string;
}

export interface CertificateOptions {
  name: string;
  /** DNS names and IP addresses (v4) that it is good for. */
  hosts?: string[];
  isAuthority?: boolean;
  /** Who signs; itself where it is left out. */
  issuer?: Certified & { name: string };
}

/** A certificate for tests, good from yesterday until tomorrow, in DER as X.509 (RFC 5280) wants it. */
export function makeCertificate(options: CertificateOptions): Certified & { name: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const issuer = options.issuer;
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    SHA256_RSA,
    nameOf(issuer?.name ?? options.name),
    sequence(time(-1), time(1)),
    nameOf(options.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(options))),
  );
  const signature = sign('sha256', body, issuer?.key ?? privateKey);
  const der = sequence(body, SHA256_RSA, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return { name: options.name, certificate: new X509Certificate(der).toString(), key: pemOf(privateKey) };
}

function extensions({ isAuthority, hosts = [] }: CertificateOptions): Buffer[] {
  const names = hosts.map((host) =>
    /^[\d.]+$/.test(host) ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host)),
  );
  const basic = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence();
  return [
    sequence(oid('55 1d 13'), tagged(0x01, Buffer.from([0xff])), tagged(0x04, basic)),
    ...(names.length ? [sequence(oid('55 1d 11'), tagged(0x04, sequence(...names)))] : []),
  ];
}

const SHA256_RSA = sequence(oid('2a 86 48 86 f7 0d 01 01 0b'), tagged(0x05, Buffer.alloc(0)));

function nameOf(common: string): Buffer {
  return sequence(tagged(0x31, sequence(oid('55 04 03'), tagged(0x0c, Buffer.from(common)))));
}

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tagged(0x17, Buffer.from(text.slice(2)));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
