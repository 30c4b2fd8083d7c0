import { UserError } from './errors';

/**
 * The URL of an organization or collection, with one slash at its end: `https://dev.azure.com/org/`, `https://org.visualstudio.com/`,
 * `https://server:8080/tfs/Collection/`. Throws `UserError` for what can be none of them.
 */
export function organizationUrl(text: string, name: string): string {
  const wanted =
    "an organization's URL such as https://dev.azure.com/contoso, or a collection's such as https://server/tfs/Collection";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new UserError(`${name}: '${text}' is no URL; give ${wanted}.`);
  if (url.username || url.password)
    throw new UserError(`${name}: the URL must not hold a user name or password; use a service connection.`);
  const segments = url.pathname.split('/').filter(Boolean);
  const wrong = (why: string) => new UserError(`${name}: '${text}' ${why}; give ${wanted}.`);
  if (url.search || url.hash) throw wrong('has a query');
  if (segments.some((segment) => segment.startsWith('_'))) throw wrong('is the address of a page');
  const isServices = url.hostname === 'dev.azure.com' || url.hostname.endsWith('.visualstudio.com');
  if (isServices && url.protocol !== 'https:') throw wrong('would send the token where all can read it');
  if (url.hostname === 'dev.azure.com' && segments.length !== 1)
    throw wrong(segments.length ? 'has more than the organization' : 'names no organization');
  if (url.hostname.endsWith('.visualstudio.com') && segments.length > 1) throw wrong('has more than the organization');
  return `${url.origin}${['', ...segments].join('/')}/`;
}

/** A part of an address as people read it; one that is no valid encoding as it is written. */
export function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
