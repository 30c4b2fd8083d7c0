import { below, jsonObject, type IndexAnswer, type IndexRequest, type IndexVersion } from './indexVersion';

/** One package of a channel by the package API (`https://api.anaconda.org`); repodata would be tens of MB. */
export function condaRequest(api: string, channel: string, name: string): IndexRequest {
  return {
    url: below(api, `package/${encodeURIComponent(channel)}/${encodeURIComponent(name)}`),
    headers: { Accept: 'application/json' },
  };
}

interface CondaFile {
  version?: unknown;
  upload_time?: unknown;
  labels?: unknown;
  attrs?: { subdir?: unknown; build?: unknown } | null;
}

/** Versions with builds of a package for a platform (`linux-64`, with `noarch`) under the label `main`. */
export function readCondaPackage(body: string, subdir: string): IndexAnswer {
  const files = jsonObject(body)?.files;
  if (!Array.isArray(files)) return { error: 'The channel answered with no package.' };
  const versions = (files as (CondaFile | null)[]).flatMap((file): IndexVersion[] => {
    const { version, upload_time: uploaded, labels, attrs } = file ?? {};
    const isMain = !Array.isArray(labels) || labels.includes('main');
    const isHere = attrs?.subdir === undefined || attrs.subdir === subdir || attrs.subdir === 'noarch';
    if (typeof version !== 'string' || !isMain || !isHere) return [];
    const released = typeof uploaded === 'string' ? readTime(uploaded) : undefined;
    const build = attrs?.build;
    return [{ version, ...(released !== undefined && { released }), ...(typeof build === 'string' && { build }) }];
  });
  return { versions };
}

/** `2024-01-31 10:00:00.123000+00:00`, as the API writes it. */
function readTime(text: string): string | undefined {
  const time = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
