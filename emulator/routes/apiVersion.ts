import { Refusal } from '../state/refusal';
import type { Resource, RouteCall } from './route';

export interface VersionRange {
  minVersion: string;
  maxVersion: string;
  releasedVersion: string;
}

/** Services has released 7.1 and previews 7.2; a Server is behind by one. */
export function versionsOf(kind: RouteCall['kind']): VersionRange {
  return kind === 'server'
    ? { minVersion: '1.0', maxVersion: '7.1', releasedVersion: '7.0' }
    : { minVersion: '1.0', maxVersion: '7.2', releasedVersion: '7.1' };
}

/** The api-version that a request names, in the query or in `Accept: application/json;api-version=…`. */
export function askedVersion(query: Map<string, string>, accept: string, contentType: string): string | undefined {
  const inHeader = /api-version=([^;,\s]+)/i;
  return query.get('api-version') ?? inHeader.exec(accept)?.[1] ?? inHeader.exec(contentType)?.[1];
}

/** Throws as the service does where a version is missing on a changing request, too new, or not called a preview. */
export function checkVersion(asked: string | undefined, method: string, resource: Resource, range: VersionRange): void {
  if (asked === undefined) {
    if (method === 'GET' || method === 'OPTIONS') return;
    throw new Refusal(
      400,
      'VssVersionNotSpecifiedException',
      `No api-version was supplied for the "${method}" request. The version must be supplied either as part of the Accept header ` +
        '(e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").',
    );
  }
  const parts = /^(\d+\.\d+)(-preview(?:\.(\d+))?)?$/.exec(asked);
  if (!parts) throw new Refusal(400, 'VssVersionInvalidException', `The value "${asked}" is not a valid API version.`);
  const version = Number(parts[1]);
  const tooNew = version > Number(range.maxVersion) || Number(parts[3] ?? 0) > resource.resourceVersion;
  if (tooNew || version < Number(range.minVersion)) {
    throw new Refusal(
      400,
      'VssVersionOutOfRangeException',
      `The requested REST API version of ${asked} is out of range for this server. The latest REST API version this server supports is ${range.maxVersion}.`,
    );
  }
  if (version > Number(range.releasedVersion) && parts[2] === undefined) {
    throw new Refusal(
      400,
      'VssInvalidPreviewVersionException',
      `The requested version "${asked}" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${asked}-preview"`,
    );
  }
}
