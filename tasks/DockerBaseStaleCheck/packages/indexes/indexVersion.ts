import type { Install } from '../install';
import { newestFitting, schemeOf } from '../versions/schemes';

/** A version that an index offers. */
export interface IndexVersion {
  version: string;
  /** When it appeared (ISO 8601), where the index says so. */
  released?: string;
  /** conda's build string. */
  build?: string;
}

/** What an index says of one package, or why its answer cannot be read. */
export type IndexAnswer = { versions: IndexVersion[]; tags?: Readonly<Record<string, string>> } | { error: string };

/** A GET to an index; the caller adds credentials. */
export interface IndexRequest {
  url: string;
  headers: Record<string, string>;
}

/** What an earlier answer said of itself, so that an unchanged one is not sent again. */
export interface Validators {
  etag?: string;
  lastModified?: string;
}

/** Headers that make a GET conditional (RFC 9110, 13.1). */
export function conditionalHeaders({ etag, lastModified }: Validators): Record<string, string> {
  if (etag !== undefined) return { 'If-None-Match': etag };
  return lastModified === undefined ? {} : { 'If-Modified-Since': lastModified };
}

/** The newest version that an install would take today: by its dist-tag, else the newest that fits what it wants. */
export function newestFor(
  { manager, wanted, options }: Pick<Install, 'manager' | 'wanted' | 'options'>,
  { versions, tags }: Extract<IndexAnswer, { versions: unknown }>,
): IndexVersion | undefined {
  const tagged = tags && wanted === '' ? tags[options.tag ?? 'latest'] : undefined;
  if (tagged !== undefined || options.tag !== undefined) return versions.find(({ version }) => version === tagged);
  const scheme = schemeOf(manager);
  const texts = new Map(
    versions.map((one) => [one.build === undefined ? one.version : `${one.version}=${one.build}`, one]),
  );
  const newest = newestFitting(scheme, [...texts.keys()], { wanted, prereleases: options.prereleases === true });
  return newest === undefined ? undefined : texts.get(newest);
}

/** JSON of an answer, undefined where it is none or no object. */
export function jsonObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A URL below another, whether or not that ends in a slash. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, '')}/${path}`;
}
