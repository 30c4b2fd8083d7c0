import { constants, createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { UserError } from '../errors';
import type { Shown } from './accessToken';

const LIFETIME_S = 10 * 60;

/**
 * A client assertion signed with the key of a certificate: what an application shows in place of a secret
 * (https://learn.microsoft.com/entra/identity-platform/certificate-credentials). Throws `UserError` naming the
 * connection when `pem` does not hold a certificate with its RSA key.
 */
export function certificateAssertion(pem: string, connection: string, { address, clientId, now }: Shown): string {
  const { thumbprint, key } = readPem(pem, connection);
  const seconds = Math.floor(now / 1000);
  const header = { alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint };
  const claims = {
    aud: address,
    iss: clientId,
    sub: clientId,
    jti: randomUUID(),
    nbf: seconds,
    iat: seconds,
    exp: seconds + LIFETIME_S,
  };
  const text = `${encode(header)}.${encode(claims)}`;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const signature = sign('sha256', Buffer.from(text), { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
  return `${text}.${signature.toString('base64url')}`;
}

/** The key, and the thumbprint of the certificate that belongs to it: a chain may stand beside it. */
function readPem(pem: string, connection: string) {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    const key = createPrivateKey(pem);
    const own = certificates.map((text) => new X509Certificate(text)).find((one) => one.checkPrivateKey(key));
    if (own && key.asymmetricKeyType === 'rsa') {
      return { key, thumbprint: Buffer.from(own.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url') };
    }
  } catch {
    // What OpenSSL says of a PEM that it cannot read helps nobody; the sentence below does.
  }
  throw new UserError(`${connection} holds no certificate with its RSA private key in PEM form.`);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
