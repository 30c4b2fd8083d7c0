import path from 'node:path';
import { UserError } from '../../lib/errors';
import { fill, type Values } from '../placeholders';

/**
 * Absolute path of a Dockerfile's lock. A pattern that names neither file nor folder is a name beside the Dockerfile. Throws
 * `UserError` for a path out of the search folder.
 */
export function lockPath(root: string, pattern: string, values: Values): string {
  const file = besideDockerfile(root, pattern, { values, input: 'lockFile' });
  const inside = path.relative(path.resolve(root), file);
  if (inside.startsWith('..') || path.isAbsolute(inside)) {
    throw new UserError(`lockFile: '${fill(pattern, values, 'lockFile')}' lies outside of the search folder.`);
  }
  return file;
}

/** Absolute path of what belongs to a Dockerfile; without a placeholder for its file or folder a name beside it. */
export function besideDockerfile(
  root: string,
  pattern: string,
  { values, input }: { values: Values; input: string },
): string {
  const written = fill(pattern, values, input);
  const beside = !/\$\{(folder|dockerfile)\}/.test(pattern) && !path.isAbsolute(written);
  return path.resolve(root, beside ? path.join(values.folder ?? '.', written) : written);
}
