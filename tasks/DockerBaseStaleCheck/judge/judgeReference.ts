import { familiarReference, type ImageReference } from '../reference';
import type { Registries } from '../registry/Registries';
import type { ImageConfig } from '../registry/manifest';
import { RegistryRefusal } from '../registry/refusal';
import type { Judgement } from '../verdicts';
import {
  configOf,
  onBuildOf,
  platformImages,
  updatedAt,
  type DateOptions,
  type ImageDigests,
  type PlatformImage,
} from './baseImages';
import { ago, shownDate } from './dates';
import { layerTest, sameContent } from './layerTest';

/** An image that a Dockerfile needs, with what is known to judge it by. */
export interface Question {
  reference: ImageReference;
  /** As authors write them; empty for `auto`. */
  platforms: readonly string[];
  /** What the lock says the Dockerfile was built with. */
  locked: ImageDigests | undefined;
  /** The image that is built from the Dockerfile. */
  image: ImageReference | undefined;
  way: Way;
}

export type Way = 'age' | 'digest' | 'layers';

export interface JudgeOptions {
  now: number;
  maxAgeMs: number;
  cooldownMs: number;
  /** Whether Docker Hub's record of tags is asked for images of Docker Hub. */
  askHub: boolean;
}

/** The way that `staleWhen` means for an image: what cannot be done yet gives way to the next. Pure. */
export function wayFor(
  staleWhen: 'age' | 'digest' | 'layers' | 'auto',
  known: { locked: boolean; image: boolean },
): Way {
  if (staleWhen === 'age') return 'age';
  if (staleWhen !== 'layers' && known.locked) return 'digest';
  return known.image ? 'layers' : 'age';
}

/** Judges one image by asking its registry. Nothing is thrown but what is a defect or a cancel: a refusal is a verdict. */
export async function judgeReference(
  registries: Registries,
  question: Question,
  options: JudgeOptions,
): Promise<Judgement> {
  const name = familiarReference(question.reference);
  try {
    if (question.reference.digest) return await judgePinned(registries, question.reference);
    const digest = await registries.digest(question.reference);
    const judged = await judgeWay(registries, { ...question, digest }, options);
    return { digest, ...cooled(judged, name, options) };
  } catch (error) {
    if (!(error instanceof RegistryRefusal)) throw error;
    const reason = error.message.replace(/\.$/, '');
    return error.kind === 'missing'
      ? { verdict: 'baseMissing', reason: `${name}: ${reason}` }
      : { verdict: 'unknown', reason: `${name} could not be checked: ${reason}` };
  }
}

type Asked = Question & { digest: string };

function judgeWay(registries: Registries, question: Asked, options: JudgeOptions): Promise<Judgement> {
  switch (question.way) {
    case 'age':
      return judgeAge(registries, question, options);
    case 'digest':
      return judgeDigest(registries, question, options);
    case 'layers':
      return judgeLayers(registries, question, options);
  }
}

/** A digest never changes; that its tag means another one by now is worth a word. */
async function judgePinned(registries: Registries, reference: ImageReference): Promise<Judgement> {
  const { digest = '', tag, host, path } = reference;
  const pinned: Judgement = { verdict: 'pinned', reason: 'it is pinned by digest', digest };
  if (tag === undefined) return pinned;
  try {
    const now = await registries.digest({ host, path, tag });
    if (now === digest) return pinned;
    return { ...pinned, reason: `it is pinned by digest; the tag '${tag}' is ${now} by now` };
  } catch (error) {
    if (!(error instanceof RegistryRefusal)) throw error;
    return {
      ...pinned,
      reason: `it is pinned by digest; where the tag '${tag}' stands is not known: ${error.message}`,
    };
  }
}

async function judgeAge(registries: Registries, question: Asked, options: JudgeOptions): Promise<Judgement> {
  const { reference } = question;
  const name = familiarReference(reference);
  const { at, onBuild } = await updatedAt(registries, reference, dateOptions(question, options));
  if (at === undefined) {
    return {
      verdict: 'unknown',
      reason: `${name} has no usable date: its builder leaves out the time. Compare by digest (a lock file) or layers (image) instead`,
    };
  }
  const isRecent = options.now - at <= options.maxAgeMs;
  const days = options.maxAgeMs / 86_400_000;
  const when = `${name} was updated at ${shownDate(at)} (${ago(at, options.now)})`;
  return {
    verdict: isRecent ? 'stale' : 'fresh',
    reason: `${when}, ${isRecent ? 'within' : 'longer ago than'} ${days} day${days === 1 ? '' : 's'}${told(onBuild)}`,
    updated: new Date(at).toISOString(),
  };
}

async function judgeDigest(registries: Registries, question: Asked, options: JudgeOptions): Promise<Judgement> {
  const { reference, locked, digest } = question;
  const name = familiarReference(reference);
  if (!locked || locked.digest === digest)
    return { verdict: 'fresh', reason: `${name} is what the lock says was built` };
  const { host, path } = reference;
  const images = await platformImages(registries, { host, path, digest }, question.platforms);
  // A lock without any platform knows its digest alone, and that has moved.
  const namesNone = Object.keys(locked.platforms).length === 0;
  const isKnown = ({ platform }: PlatformImage) => namesNone || locked.platforms[platform] !== undefined;
  const known = await judgeKnown(registries, { ...question, locked, images: images.filter(isKnown) }, options);
  const unknown = images.filter((image) => !isKnown(image)).map(({ platform }) => platform);
  if (known?.verdict === 'stale') return { ...known, content: contentOf(images) };
  if (!unknown.length) return known ?? { verdict: 'fresh', reason: `${name} is what the lock says was built` };
  const way = wayFor('auto', { locked: false, image: question.image !== undefined });
  const judged = await judgeWay(registries, { ...question, platforms: unknown, way }, options);
  return {
    ...judged,
    isNewToLock: true,
    reason: `the lock does not know ${unknown.join(', ')}; judged without it, ${judged.reason}`,
  };
}

/** Judges the platforms that the lock knows; undefined without any. */
async function judgeKnown(
  registries: Registries,
  { reference, locked, images, digest, ...question }: Asked & { locked: ImageDigests; images: PlatformImage[] },
  options: JudgeOptions,
): Promise<Judgement | undefined> {
  if (!images.length) return undefined;
  const name = familiarReference(reference);
  const changed = images.filter((image) => locked.platforms[image.platform] !== image.digest);
  if (!changed.length) {
    return { verdict: 'fresh', reason: `${name}: only its index changed, the image of ${platformsOf(images)} did not` };
  }
  const differing: PlatformImage[] = [];
  for (const image of changed) {
    if (!(await isRepacked(registries, reference, { now: image.digest, before: locked.platforms[image.platform] })))
      differing.push(image);
  }
  if (!differing.length) return { verdict: 'fresh', reason: `${name} was packed anew, with the same content` };
  const [first] = differing;
  const from = (first && locked.platforms[first.platform]) ?? locked.digest;
  const dated = dateOptions({ ...question, reference, locked }, options);
  const { at, onBuild } = await updatedAt(registries, reference, dated);
  const when = at === undefined ? '' : ` ${ago(at, options.now)}`;
  return {
    verdict: 'stale',
    reason: `base ${name} moved from ${short(from)} to ${short(first?.digest ?? digest)}${when} (${platformsOf(differing)})${told(onBuild)}`,
    content: contentOf(images),
    ...(at !== undefined && { updated: new Date(at).toISOString() }),
  };
}

async function judgeLayers(registries: Registries, question: Asked, options: JudgeOptions): Promise<Judgement> {
  const { reference, image, digest, platforms } = question;
  const { host, path } = reference;
  const name = familiarReference(reference);
  if (!image) throw new Error('The test of layers needs an image.');
  const built = familiarReference(image);
  const bases = await platformImages(registries, { host, path, digest }, platforms);
  const builtImages = await platformsBuilt(registries, image, bases);
  if ('missing' in builtImages)
    return { verdict: 'stale', reason: `${built} ${builtImages.missing}: it was not built yet` };
  const changed: string[] = [];
  const configs: ImageConfig[] = [];
  for (const [index, base] of bases.entries()) {
    const own = builtImages.images[index] ?? base;
    const config = await configOf(registries, reference, base.digest);
    configs.push(config);
    const test = layerTest(config, await configOf(registries, image, own.digest));
    if (test === 'notApplicable') {
      return {
        verdict: 'unknown',
        reason: `${built} keeps none of the layers of ${name} (squashed or imported), so they cannot be compared`,
      };
    }
    if (test !== 'current')
      changed.push(`${base.platform} (${test === 'otherLayers' ? 'other layers' : 'other configuration'})`);
  }
  const onBuild = told(onBuildOf(configs));
  if (!changed.length)
    return { verdict: 'fresh', reason: `${built} begins with the layers and history of ${name}${onBuild}` };
  const { at } = await updatedAt(registries, reference, dateOptions(question, options));
  const when = at === undefined ? '' : `, updated ${ago(at, options.now)}`;
  return {
    verdict: 'stale',
    reason: `${built} is not built on the ${name} of now${when}, for ${changed.join(', ')}${onBuild}`,
    content: contentOf(bases),
    ...(at !== undefined && { updated: new Date(at).toISOString() }),
  };
}

/** The built image of each base's platform. What is not there has yet to be built. */
async function platformsBuilt(
  registries: Registries,
  image: ImageReference,
  bases: PlatformImage[],
): Promise<{ images: PlatformImage[] } | { missing: string }> {
  try {
    return {
      images: await platformImages(
        registries,
        image,
        bases.map(({ platform }) => platform),
      ),
    };
  } catch (error) {
    if (error instanceof RegistryRefusal && error.kind === 'missing') return { missing: error.message };
    if (!(error instanceof RegistryRefusal)) throw error;
    throw new RegistryRefusal('unavailable', `${familiarReference(image)}: ${error.message}`);
  }
}

async function isRepacked(
  registries: Registries,
  reference: ImageReference,
  { now, before }: { now: string; before: string | undefined },
): Promise<boolean> {
  if (before === undefined) return false;
  try {
    const old = await configOf(registries, reference, before);
    return sameContent(old, await configOf(registries, reference, now));
  } catch (error) {
    // Registries throw away what no tag means any more: then the two cannot be the same.
    if (error instanceof RegistryRefusal && error.kind === 'missing') return false;
    throw error;
  }
}

/** A base that is younger than the cooldown waits: a bad one is often taken back soon. */
function cooled(judged: Judgement, name: string, { cooldownMs, now }: JudgeOptions): Judgement {
  if (judged.verdict !== 'stale' || judged.updated === undefined) return judged;
  const ends = Date.parse(judged.updated) + cooldownMs;
  if (ends <= now) return judged;
  return {
    ...judged,
    verdict: 'pending',
    reason: `${name} is still in its cooldown until ${shownDate(ends)}; ${judged.reason}`,
  };
}

function dateOptions({ platforms, reference }: Question, { now, askHub }: JudgeOptions): DateOptions {
  return { wanted: platforms, now, askHub: askHub && reference.host === 'docker.io' };
}

function platformsOf(images: readonly PlatformImage[]): string {
  return [...new Set(images.map(({ platform }) => platform))].join(', ');
}

function contentOf(images: readonly PlatformImage[]): string {
  const all = images.map(({ digest }) => digest);
  return all.sort().join(' ');
}

function short(digest: string): string {
  return `${digest.slice(0, 19)}…`;
}

const MOST_TOLD = 5;

/** What the base adds to the build, which nobody sees in the Dockerfile. */
function told(onBuild: readonly string[]): string {
  if (!onBuild.length) return '';
  const more = onBuild.length > MOST_TOLD ? ` and ${onBuild.length - MOST_TOLD} more` : '';
  return `; the base adds ONBUILD ${onBuild.slice(0, MOST_TOLD).join(', ONBUILD ')}${more}`;
}
