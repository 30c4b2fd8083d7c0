import path from 'node:path';
import { UserError } from '../../lib/errors';
import { fill, type Values } from '../placeholders';

/**
 * Absolute path of a Dockerfile's lock. A pattern that names neither file nor folder is a name beside the Dockerfile. Throws
 * `UserError` for a path out of the search folder.
 */
export function lockPath(root: string, pattern: string, values: Values): string {
  const written = fill(pattern, values, 'lockFile');
  const beside = !/\$\{(folder|dockerfile)\}/.test(pattern) && !path.isAbsolute(written);
  const file = path.resolve(root, beside ? path.join(values.folder ?? '.', written) : written);
  const inside = path.relative(path.resolve(root), file);
  if (inside.startsWith('..') || path.isAbsolute(inside)) {
    throw new UserError(`lockFile: '${written}' lies outside of the search folder.`);
  }
  return file;
}
