import { posix } from 'node:path';
import { fitsGlob } from './versions/order';

/** A COPY or ADD from the build context, or a bind mount of it. */
export interface CopiedFiles {
  sources: readonly string[];
  dest: string;
  /** WORKDIR at that point, '/' if there is none. */
  workdir?: string;
}

/**
 * Paths in the build context which a path in the image may have come from, likeliest first: the newest copy wins. A
 * destination is a folder when it ends in `/` or `/.` or takes several sources; a source may be a folder, whose
 * contents are copied (Dockerfile reference, COPY).
 */
export function contextPaths(path: string, copies: readonly CopiedFiles[]): string[] {
  return [...copies].reverse().flatMap((copy) => copy.sources.flatMap((source) => pathsOf(path, source, copy)));
}

function pathsOf(path: string, source: string, { sources, dest, workdir = '/' }: CopiedFiles): string[] {
  const target = posix.resolve('/', workdir, dest);
  const from = posix.normalize(source).replace(/^\/+|\/+$/g, '');
  const isFolder = /(?:^|\/)\.?$/.test(dest) || sources.length > 1;
  const paths: string[] = [];
  const name = posix.basename(path);
  if (posix.dirname(path) === target && fitsGlob(name, posix.basename(from)))
    paths.push(posix.join(posix.dirname(from), name));
  if (path === target && !isFolder) paths.push(from);
  const inside = posix.relative(target, path);
  if (inside !== '' && !inside.startsWith('..') && !/[*?]/.test(from)) paths.push(posix.join(from, inside));
  return paths.map((one) => posix.normalize(one)).filter((one) => !one.startsWith('..'));
}
