/** The parts of a normalised image reference. `tag` is `latest` only where neither tag nor digest was written. */
export interface ImageReference {
  /** `docker.io`, `mcr.microsoft.com`, `localhost:5000`, `[::1]:5000`. */
  host: string;
  /** `library/ubuntu`. */
  path: string;
  tag?: string;
  /** What is pulled where there is one; a tag beside it only informs. */
  digest?: string;
}

const HOST_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = `(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const NAME = `(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*`;
const REFERENCE = new RegExp(`^(${NAME})(?::(\\w[\\w.-]{0,127}))?(?:@(${DIGEST}))?$`);
const HOST_ONLY = new RegExp(`^${HOST}$`);

const MAX_PATH = 255;
const DIGEST_LENGTHS: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * Reads an image reference as Docker does: `ubuntu` is `docker.io/library/ubuntu:latest`. Gives the reason, in the words of
 * distribution/reference, where the text is none. (normalize.go, ParseNormalizedNamed and TagNameOnly)
 */
export function parseReference(written: string): ImageReference | { error: string } {
  if (/^[a-f0-9]{64}$/.test(written)) {
    return { error: `invalid repository name (${written}), cannot specify 64-byte hexadecimal strings` };
  }
  const { host, rest } = splitHost(written);
  const colon = rest.indexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  if (path.toLowerCase() !== path) {
    return { error: `invalid reference format: repository name (${path}) must be lowercase` };
  }
  const full = `${host}/${rest}`;
  const match = REFERENCE.exec(full);
  if (!match) {
    const lower = full.toLowerCase();
    const onlyCase = lower !== full && REFERENCE.test(lower);
    return { error: onlyCase ? 'repository name must be lowercase' : 'invalid reference format' };
  }
  const [, name = '', tag, digest] = match;
  const slash = name.indexOf('/');
  const [nameHost, namePath] = [name.slice(0, slash), name.slice(slash + 1)];
  // `my_host.x/app` passes too, although `my_host.x` is no host name: all of it counts as path then.
  if ((HOST_ONLY.test(nameHost) ? namePath : name).length > MAX_PATH) {
    return { error: `repository name must not be more than ${MAX_PATH} characters` };
  }
  const error = digest === undefined ? undefined : digestError(digest);
  if (error) return { error };
  const repository = { host: nameHost, path: namePath };
  return digest === undefined
    ? { ...repository, tag: tag ?? 'latest' }
    : { ...repository, ...(tag && { tag }), digest };
}

/** The reference in full: `docker.io/library/alpine:3.19@sha256:…`. */
export function formatReference({ host, path, tag, digest }: ImageReference): string {
  return `${host}/${path}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

/** The reference as people write it: without `docker.io/` and `library/`. */
export function familiarReference(reference: ImageReference): string {
  const full = formatReference(reference);
  if (reference.host !== 'docker.io') return full;
  const isOfficial = /^library\/[^/]*$/.test(reference.path);
  return full.slice(isOfficial ? 'docker.io/library/'.length : 'docker.io/'.length);
}

function splitHost(written: string): { host: string; rest: string } {
  const slash = written.indexOf('/');
  const first = written.slice(0, Math.max(slash, 0));
  const isHost = slash >= 0 && (first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first);
  const host = isHost && first !== 'index.docker.io' ? first : 'docker.io';
  const rest = isHost ? written.slice(slash + 1) : written;
  return { host, rest: host === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest };
}

function digestError(digest: string): string | undefined {
  const [algorithm = '', hex = ''] = digest.split(':');
  const length = Object.hasOwn(DIGEST_LENGTHS, algorithm) ? DIGEST_LENGTHS[algorithm] : undefined;
  if (length === undefined) {
    return /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*$/.test(algorithm)
      ? 'unsupported digest algorithm'
      : 'invalid checksum digest format';
  }
  if (hex.length !== length) return 'invalid checksum digest length';
  return /^[a-f0-9]+$/.test(hex) ? undefined : 'invalid checksum digest format';
}
