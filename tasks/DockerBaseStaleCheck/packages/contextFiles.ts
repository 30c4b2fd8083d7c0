import fs from 'node:fs';
import path from 'node:path';

/** Requirement lists are some kB; what is larger is none. */
const LARGEST = 1024 * 1024;

/**
 * Reads files of a build context, which is the Dockerfile's folder or, failing that, the search folder: nobody but the build knows.
 * Links are not followed out of the search folder.
 */
export function contextReader(root: string, folder: string): (file: string) => string | undefined {
  const contexts = [...new Set([path.join(root, folder), root])];
  return (file) => {
    for (const context of contexts) {
      const text = readInside(root, path.join(context, file));
      if (text !== undefined) return text;
    }
    return undefined;
  };
}

function readInside(root: string, file: string): string | undefined {
  try {
    const real = fs.realpathSync(file);
    const inside = path.relative(fs.realpathSync(root), real);
    if (inside.startsWith('..') || path.isAbsolute(inside)) return undefined;
    const stat = fs.statSync(real);
    return stat.isFile() && stat.size <= LARGEST ? fs.readFileSync(real, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
