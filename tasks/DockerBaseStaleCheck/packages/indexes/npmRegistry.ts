import { below, jsonObject, type IndexAnswer, type IndexRequest } from './indexVersion';

/** The abbreviated document of a package, which is small but has no dates; with `dates` the whole one. */
export function npmRequest(registry: string, name: string, { dates = false } = {}): IndexRequest {
  const accept = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8';
  return {
    url: below(registry, encodeURIComponent(name).replace(/^%40/, '@')),
    headers: { Accept: dates ? 'application/json' : accept },
  };
}

/** Versions and dist-tags of a package document. */
export function readNpmPackage(body: string): IndexAnswer {
  const document = jsonObject(body);
  const versions = document?.versions;
  if (versions === null || typeof versions !== 'object')
    return { error: 'The registry answered with no package document.' };
  const times = texts(document?.time);
  return {
    versions: Object.keys(versions).map((version) => {
      const released = times[version];
      return { version, ...(released !== undefined && { released }) };
    }),
    tags: texts(document?.['dist-tags']),
  };
}

function texts(value: unknown): Record<string, string> {
  if (value === null || typeof value !== 'object') return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
