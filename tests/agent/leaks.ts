/** A secret with the name under which a test is told that it got out. */
export interface KnownSecret {
  name: string;
  value: string;
}

/** Shorter values are found everywhere by chance. */
const shortestSecret = 4;

/** The name of the way in which the text holds the secret: 'as it is', 'in base64', 'URI-encoded'; undefined where it does not. */
export function spellingIn(text: string, secret: string): string | undefined {
  if (secret.length < shortestSecret) return undefined;
  // Of a certificate or key each line counts, as it is printed line by line.
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= 16);
  if ([secret, ...(lines.length > 1 ? lines : [])].some((part) => text.includes(part))) return 'as it is';
  const inUri = encodeURIComponent(secret);
  if (text.toLowerCase().includes(inUri.toLowerCase())) return 'URI-encoded';
  const inJson = JSON.stringify(secret).slice(1, -1);
  if (text.includes(inJson)) return 'as JSON';
  const plain = text.replaceAll('-', '+').replaceAll('_', '/');
  return base64Cores(secret).some((core) => plain.includes(core)) ? 'in base64' : undefined;
}

/**
 * The base64 characters that depend on the secret alone, for each of the three ways it can lie in what was encoded.
 * They are found in `user:secret` and in JSON as well; base64url is compared after translation.
 */
function base64Cores(secret: string): string[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < 6) return [bytes.toString('base64')];
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = [0, 2, 3][offset];
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    return encoded.slice(first, whole);
  });
}
