import { createHash } from 'node:crypto';

/** An image as a test or the demo describes it: contents of layers are any texts. */
export interface ImageRecipe {
  os?: string;
  architecture?: string;
  /** ISO 8601; left out, the image has no date. */
  created?: string;
  layers: string[];
  env?: string[];
  labels?: Record<string, string>;
  onBuild?: string[];
  /** Of Windows, such as `10.0.20348.2700`. */
  osVersion?: string;
  /** Packed another way: other layer digests, the same content. */
  repacked?: boolean;
}

export interface BuiltImage {
  digest: string;
  manifest: string;
  mediaType: string;
  platform: { os: string; architecture: string; 'os.version'?: string };
  /** Configuration and layers by digest. */
  blobs: Map<string, string>;
}

export const IMAGE_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** The documents of an image; layers are texts instead of archives, which nobody unpacks. */
export function buildImage(recipe: ImageRecipe): BuiltImage {
  const { os = 'linux', architecture = 'amd64', created, layers, env, labels, onBuild, osVersion, repacked } = recipe;
  const blobs = new Map<string, string>();
  const descriptor = (mediaType: string, text: string) => {
    const digest = digestOf(text);
    blobs.set(digest, text);
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const history = [
    ...layers.map((layer) => ({ created: '2026-01-01T00:00:00Z', created_by: `COPY ${layer} /` })),
    ...(env ?? []).map((one) => ({ created_by: `ENV ${one}`, empty_layer: true })),
    ...Object.entries(labels ?? {}).map(([name, value]) => ({
      created_by: `LABEL ${name}=${value}`,
      empty_layer: true,
    })),
  ];
  const config = {
    ...(created !== undefined && { created }),
    os,
    architecture,
    ...(osVersion && { 'os.version': osVersion }),
    config: { Env: env ?? [], Labels: labels ?? {}, ...(onBuild && { OnBuild: onBuild }) },
    rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    history,
  };
  const document = {
    schemaVersion: 2,
    mediaType: IMAGE_TYPE,
    config: descriptor(CONFIG_TYPE, JSON.stringify(config)),
    layers: layers.map((layer) => descriptor(LAYER_TYPE, repacked ? `${layer} packed anew` : layer)),
  };
  const manifest = JSON.stringify(document);
  return {
    digest: digestOf(manifest),
    manifest,
    mediaType: IMAGE_TYPE,
    platform: { os, architecture, ...(osVersion && { 'os.version': osVersion }) },
    blobs,
  };
}

/** An index of images, with an attestation of each as BuildKit adds it; `note` makes another index of the same images. */
export function buildIndex(
  images: readonly BuiltImage[],
  note = '',
): { digest: string; manifest: string; all: BuiltImage[] } {
  const attestations = images.map(({ digest }) =>
    buildImage({ os: 'unknown', architecture: 'unknown', layers: [`provenance of ${digest} ${note}`] }),
  );
  const entry = ({ digest, manifest, platform }: BuiltImage) => ({
    mediaType: IMAGE_TYPE,
    digest,
    size: Buffer.byteLength(manifest),
    platform,
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX_TYPE,
    manifests: [
      ...images.map(entry),
      ...attestations.map((one, index) => ({
        ...entry(one),
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': images[index]?.digest,
        },
      })),
    ],
    ...(note && { annotations: { note } }),
  });
  return { digest: digestOf(manifest), manifest, all: [...images, ...attestations] };
}

export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
}
