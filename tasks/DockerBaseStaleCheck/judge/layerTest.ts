import type { HistoryEntry, ImageConfig } from '../registry/manifest';

export type LayerTest =
  | 'current'
  | 'otherLayers'
  /** The layers are the base's, but its environment, command or labels changed since. */
  | 'otherConfiguration'
  /** The image keeps nothing of its base's layers, as after --squash or export: the test says nothing. */
  | 'notApplicable';

type Image = Pick<ImageConfig, 'diffIds' | 'history'>;

/**
 * Whether an image still begins with what its base is now: the same layers, by their uncompressed digests, and the same history, which
 * alone shows a base that only changed its configuration. Pure.
 */
export function layerTest(base: Image, image: Image): LayerTest {
  const sameLayers = isPrefix(base.diffIds, image.diffIds);
  const sameHistory = isPrefix(base.history.map(historyText), image.history.map(historyText));
  if (sameLayers) return sameHistory ? 'current' : 'otherConfiguration';
  const melted = sameHistory && base.history.length > 0;
  return melted || !image.history.length || image.history.some(isMelted) ? 'notApplicable' : 'otherLayers';
}

/** Whether two images hold the same, however they were packed. Pure. */
export function sameContent(one: ImageConfig, other: ImageConfig): boolean {
  return (
    one.diffIds.length === other.diffIds.length &&
    isPrefix(one.diffIds, other.diffIds) &&
    canonical(one.config) === canonical(other.config)
  );
}

function isPrefix(start: readonly string[], whole: readonly string[]): boolean {
  return start.length <= whole.length && start.every((item, index) => item === whole[index]);
}

function historyText({ created, created_by: by, author, comment, empty_layer: empty }: HistoryEntry): string {
  return JSON.stringify([created ?? '', by ?? '', author ?? '', comment ?? '', empty === true]);
}

/** What `docker build --squash` and `docker import` leave in the history. */
function isMelted({ comment = '' }: HistoryEntry): boolean {
  return /^(merge sha256:|imported from)/i.test(comment);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value)
    .filter(([, item]) => item !== null && item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
