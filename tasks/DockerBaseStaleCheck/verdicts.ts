/** What is said of an image, or of a Dockerfile as a whole. */
export type StaleVerdict =
  'fresh' | 'pinned' | 'stale' | 'pending' | 'held' | 'unknown' | 'unresolved' | 'baseMissing' | 'noBase' | 'invalid';

export interface Judgement {
  verdict: StaleVerdict;
  /** A sentence's worth for a person, without a full stop. */
  reason: string;
  /** Digest of the image now, where it was asked. */
  digest?: string;
  /** When it was last updated, ISO 8601. */
  updated?: string;
  /** Of a change that was seen in the image itself: digests of what the wanted platforms get now. */
  content?: string;
  /** The lock names the image, but not every platform of it that is wanted. */
  isNewToLock?: boolean;
}

/** From what decides most to least: one stale image makes the Dockerfile stale, whatever else could not be found out. */
const ORDER: StaleVerdict[] = [
  'invalid',
  'stale',
  'held',
  'baseMissing',
  'unresolved',
  'unknown',
  'pending',
  'fresh',
  'pinned',
  'noBase',
];

/** The verdicts that `onUnknown` is about. */
export const NOT_DECIDED: readonly StaleVerdict[] = ['unknown', 'unresolved', 'baseMissing', 'invalid'];

/** The judgement that counts of several; without any there is no base. Pure. */
export function deciding(judgements: readonly Judgement[]): Judgement {
  const [first] = [...judgements].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  return first ?? { verdict: 'noBase', reason: 'it is built on no image of elsewhere' };
}
