import type { CheckedDockerfile } from './checked';
import { formatReference } from './reference';

export interface Ordered {
  /** Every Dockerfile after those whose images it is built on. */
  dockerfiles: CheckedDockerfile[];
  /** Paths that are built on each other in a circle. */
  cycles: string[][];
}

/** Finds which Dockerfiles build the images that others stand on, and puts them in order. Circles are cut and told. Pure but for `after`. */
export function putInOrder(dockerfiles: readonly CheckedDockerfile[]): Ordered {
  const builders = new Map<string, CheckedDockerfile>();
  for (const one of dockerfiles) if (one.image) builders.set(formatReference(one.image), one);
  const cycles: string[][] = [];
  const ordered: CheckedDockerfile[] = [];
  const done = new Set<CheckedDockerfile>();
  const visit = (one: CheckedDockerfile, path: readonly CheckedDockerfile[]): void => {
    if (done.has(one)) return;
    for (const reference of one.bases) {
      const builder = builders.get(reference);
      if (!builder || one.after.includes(builder)) continue;
      const start = [...path, one].indexOf(builder);
      if (start >= 0) cycles.push([...path, one].slice(start).map((each) => each.path));
      else {
        visit(builder, [...path, one]);
        one.after.push(builder);
      }
    }
    done.add(one);
    ordered.push(one);
  };
  for (const one of dockerfiles) visit(one, []);
  return { dockerfiles: ordered, cycles };
}

/**
 * Carries staleness on: an image whose base is going to be rebuilt is stale after it; one whose base's rebuild runs already waits for
 * that. Takes them in order.
 * @param waits whether the step waits for what it starts; else what comes after has to wait until the next check.
 */
export function carryOn(ordered: readonly CheckedDockerfile[], waits: boolean): void {
  for (const one of ordered) {
    const [stale] = one.after.filter(({ verdict }) => verdict === 'stale');
    const [pending] = one.after.filter(({ verdict }) => verdict === 'pending');
    if (one.verdict === 'invalid' || one.verdict === 'held' || one.verdict === 'unresolved') continue;
    if (stale && waits) {
      one.reason = `its base is built from ${stale.path}, which is stale${one.verdict === 'stale' ? `; ${one.reason}` : ''}`;
      one.verdict = 'stale';
    } else if (stale ?? (pending && (one.verdict === 'stale' || one.verdict === 'baseMissing'))) {
      const first = stale ?? pending;
      one.verdict = 'pending';
      one.reason = `after ${first?.path ?? ''}, from which its base is built`;
    }
  }
}
