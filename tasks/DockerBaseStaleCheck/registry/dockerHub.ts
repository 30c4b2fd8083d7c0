import type { ImageReference } from '../reference';
import type { Registries } from './Registries';
import { platformText } from './manifest';

interface HubImage {
  os?: string;
  os_version?: string;
  architecture?: string;
  variant?: string | null;
  last_pushed?: string | null;
}

interface HubTag {
  last_updated?: string | null;
  tag_last_pushed?: string | null;
  images?: HubImage[] | null;
}

/**
 * When Docker Hub's tag was last pushed, for one of the platforms where it says so; asking costs no pull. Undefined where it does not
 * say. https://docs.docker.com/reference/api/hub/latest/#tag/repositories/operation/GetRepositoryTag
 */
export async function hubDate(
  registries: Registries,
  { path, tag = 'latest' }: ImageReference,
  platforms: readonly string[],
): Promise<string | undefined> {
  const [namespace = '', ...name] = path.split('/');
  const address = `/v2/namespaces/${namespace}/repositories/${name.join('/')}/tags/${tag}`;
  const found = (await registries.document('hub.docker.com', address)) as HubTag | undefined;
  if (!found) return undefined;
  const pushed = (found.images ?? [])
    .filter((image) => platforms.includes(textOf(image)))
    .map(({ last_pushed: at }) => at)
    .filter((at) => typeof at === 'string');
  return pushed.sort().at(-1) ?? found.tag_last_pushed ?? found.last_updated ?? undefined;
}

function textOf({ os, architecture, variant, os_version: version }: HubImage): string {
  return platformText({
    ...(os && { os }),
    ...(architecture && { architecture }),
    ...(variant && { variant }),
    ...(version && { 'os.version': version }),
  });
}
