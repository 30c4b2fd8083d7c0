import { formatPlatform, normalizePlatform } from '../dockerfile/platform';

/** All kinds that are read; a registry that is not offered the kind it has says that there is none. */
export const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** An image of an index. */
export interface IndexEntry {
  digest: string;
  /** `linux/amd64`, `linux/arm/v7`, `windows(10.0.20348)/amd64`. */
  platform: string;
}

export type Manifest = { kind: 'index'; entries: IndexEntry[] } | { kind: 'image'; config: string };

/** The part of an image's configuration by which images are compared. */
export interface ImageConfig {
  platform: string;
  created: string | undefined;
  diffIds: string[];
  history: HistoryEntry[];
  /** Environment, command, labels and the like. */
  config: Record<string, unknown>;
}

export interface HistoryEntry {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
}

interface WirePlatform {
  os?: string;
  architecture?: string;
  variant?: string;
  'os.version'?: string;
}

interface WireManifest {
  mediaType?: string;
  schemaVersion?: number;
  manifests?: { digest?: string; platform?: WirePlatform; annotations?: Record<string, string> }[];
  layers?: unknown[];
  config?: { digest?: string };
}

/**
 * What a manifest says. Undefined for what is none of the known kinds, such as schema 1 of very old images. The keys decide: the
 * Content-Type of some registries is a general one.
 * https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
export function readManifest(text: string): Manifest | undefined {
  const wire = parse<WireManifest>(text);
  if (Array.isArray(wire?.manifests)) {
    const images = wire.manifests
      .filter((one) => isObject(one))
      .filter(
        // Signatures and descriptions of the build travel as images of no platform.
        ({ platform, annotations }) =>
          annotations?.['vnd.docker.reference.type'] === undefined && platform?.os !== 'unknown',
      );
    return {
      kind: 'index',
      entries: images.flatMap(({ digest, platform }) =>
        typeof digest === 'string' && isObject(platform) ? [{ digest, platform: platformText(platform) }] : [],
      ),
    };
  }
  const config = wire?.config?.digest;
  return typeof config === 'string' && Array.isArray(wire?.layers) ? { kind: 'image', config } : undefined;
}

/** What an image's configuration says; undefined where it is none. */
export function readConfig(text: string): ImageConfig | undefined {
  const wire = parse<
    WirePlatform & {
      created?: string;
      rootfs?: { diff_ids?: string[] };
      history?: HistoryEntry[] | null;
      config?: Record<string, unknown> | null;
    }
  >(text);
  if (!wire || !isObject(wire.rootfs)) return undefined;
  const { rootfs, created, history, config } = wire;
  const { diff_ids: diffIds = [] } = rootfs;
  // Images are compared by these: what is not as documented must not look like less.
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string')) return undefined;
  if (!Array.isArray(history ?? []) || !(history ?? []).every(isObject)) return undefined;
  return {
    platform: platformText(wire),
    created: typeof created === 'string' ? created : undefined,
    diffIds,
    history: history ?? [],
    config: isObject(config) ? config : {},
  };
}

function isObject<T>(value: T): value is T & object {
  return typeof value === 'object' && value !== null;
}

/** As a person writes it; of Windows' version the part that containers are matched by. */
export function platformText(platform: WirePlatform): string {
  // A registry's own words: what is no text is as good as not there.
  const text = (name: keyof WirePlatform) => (typeof platform[name] === 'string' ? platform[name] : '');
  const osVersion = text('os.version').split('.').slice(0, 3).join('.');
  const [os, architecture, variant] = [text('os'), text('architecture'), text('variant')];
  return formatPlatform(normalizePlatform({ os, architecture, variant, osVersion, osFeatures: [] }));
}

function parse<T>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
