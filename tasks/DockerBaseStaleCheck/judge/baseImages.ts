import type { ImageReference } from '../reference';
import type { Registries } from '../registry/Registries';
import { hubDate } from '../registry/dockerHub';
import type { ImageConfig } from '../registry/manifest';
import { choosePlatforms, platformName } from '../registry/platforms';
import { RegistryRefusal } from '../registry/refusal';
import { usableDate } from './dates';

/** One platform's image behind a reference. */
export interface PlatformImage {
  platform: string;
  /** Digest of its manifest. */
  digest: string;
}

/** Digests of an image as the lock holds them. */
export interface ImageDigests {
  /** Of the index, or of the image itself where there is none. */
  digest: string;
  /** Of the manifests of the platforms that count. */
  platforms: Record<string, string>;
}

/** The images of the platforms that count. Throws `RegistryRefusal`, `missing` where a wanted platform is not offered. */
export async function platformImages(
  registries: Registries,
  reference: ImageReference,
  wanted: readonly string[],
): Promise<PlatformImage[]> {
  const { digest, manifest } = await registries.manifest(reference);
  if (manifest.kind === 'index') {
    const chosen = choosePlatforms(manifest.entries, wanted);
    if ('entries' in chosen) return chosen.entries;
    throw new RegistryRefusal(wanted.length ? 'missing' : 'unavailable', chosen.reason);
  }
  const [first] = wanted;
  if (first !== undefined) return [{ platform: platformName(first), digest }];
  const { platform } = await registries.config(reference, manifest.config);
  return [{ platform, digest }];
}

export async function configOf(
  registries: Registries,
  { host, path }: ImageReference,
  digest: string,
): Promise<ImageConfig> {
  const { manifest } = await registries.manifest({ host, path, digest });
  if (manifest.kind === 'index') throw new RegistryRefusal('unavailable', 'an index stands where an image should');
  return registries.config({ host, path }, manifest.config);
}

export async function digestsOf(
  registries: Registries,
  reference: ImageReference,
  wanted: readonly string[],
): Promise<ImageDigests> {
  const digest = reference.digest ?? (await registries.digest(reference));
  const { host, path } = reference;
  const images = await platformImages(registries, { host, path, digest }, wanted);
  return { digest, platforms: Object.fromEntries(images.map((image) => [image.platform, image.digest])) };
}

export interface DateOptions {
  wanted: readonly string[];
  now: number;
  /** Docker Hub's own record of its tags is asked: not for images that come from a mirror. */
  askHub: boolean;
}

export interface Updated {
  /** Epoch milliseconds; undefined where no date can be used. */
  at: number | undefined;
  /** ONBUILD instructions that the image adds to what is built on it, as far as its configuration was read. */
  onBuild: string[];
}

/**
 * When an image was last updated: at Docker Hub by its record of the tag, elsewhere by the newest `created` of the platforms'
 * configurations.
 */
export async function updatedAt(
  registries: Registries,
  reference: ImageReference,
  { wanted, now, askHub }: DateOptions,
): Promise<Updated> {
  if (askHub) {
    const platforms = wanted.length ? wanted.map(platformName) : ['linux/amd64'];
    const pushed = await hubDate(registries, reference, platforms).catch((error: unknown) => {
      if (error instanceof RegistryRefusal) return undefined;
      throw error;
    });
    const at = usableDate(pushed, now);
    if (at !== undefined) return { at, onBuild: [] };
  }
  const { host, path } = reference;
  const digest = await registries.digest(reference);
  const images = await platformImages(registries, { host, path, digest }, wanted);
  const configs = await Promise.all(images.map((image) => configOf(registries, reference, image.digest)));
  const usable = configs.map(({ created }) => usableDate(created, now)).filter((at) => at !== undefined);
  return { at: usable.length ? Math.max(...usable) : undefined, onBuild: onBuildOf(configs) };
}

/** The ONBUILD instructions of some platforms' configurations, each once. */
export function onBuildOf(configs: readonly ImageConfig[]): string[] {
  const all = configs.flatMap(({ config }) => (Array.isArray(config.OnBuild) ? (config.OnBuild as unknown[]) : []));
  return [...new Set(all.map(String))];
}
