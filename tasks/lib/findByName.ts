import { named } from './answerShape';
import type { Account } from './azureDevOps';
import { ApiError, UserError } from './errors';
import { nearest } from './nearest';

/** What has an id, and a name in a folder. */
export interface Named {
  id: number;
  name: string;
  /** As in `\images`. */
  path?: string;
}

/** How the service is asked for such things. */
export interface Shelf<T> {
  read(id: number): Promise<T>;
  /** May give more than those of this name. */
  named(name: string): Promise<Named[]>;
  /** Enough of all to say which names are near. */
  all(): Promise<Named[]>;
}

/**
 * The one of an id, a name or a path (`\folder\name`, `/folder/name`), without regard to case; digits are an id first, then a name. Throws `UserError` with the paths of
 * several, or the nearest names of none.
 * @param words the input, and what it names in the singular.
 */
export async function findByName<T>(
  wanted: string,
  shelf: Shelf<T>,
  { input, thing, project, account }: { input: string; thing: string; project: string; account: Account },
): Promise<T> {
  const byId = /^\d{1,9}$/.test(wanted) ? await ifThere(shelf.read(Number(wanted))) : undefined;
  if (byId) return named(byId, thing);
  const segments = wanted.split(/[\\/]/).filter(Boolean);
  // A name may hold a slash of its own, so a text that does not start with one is tried as a whole.
  const isPath = /^[\\/]/.test(wanted);
  const name = isPath ? (segments.at(-1) ?? '') : wanted;
  const folder = isPath ? `\\${segments.slice(0, -1).join('\\')}` : undefined;
  if (!name) throw new UserError(`${input}: '${wanted}' names a folder, not a ${thing}.`);
  const [only, ...others] = (await shelf.named(name))
    .map((one) => named(one, thing))
    .filter((one) => same(one.name, name) && (folder === undefined || same(one.path ?? '\\', folder)));
  if (only && others.length) {
    throw new UserError(
      `${input}: '${wanted}' names ${others.length + 1} ${thing}s of project '${project}': ${[only, ...others].map(pathOf).join(', ')}. Give the one you mean with its path or id.`,
    );
  }
  const whole = only && (await ifThere(shelf.read(only.id)));
  if (whole) return named(whole, thing);
  const near = nearest(
    wanted,
    (await shelf.all()).map((one) => pathOf(named(one, thing))),
  );
  throw new UserError(
    `${input}: project '${project}' has no ${thing} '${wanted}' that ${account.credentialName} may see.${near.length ? ` The nearest: ${near.join(', ')}.` : ''}`,
  );
}

/** Undefined for what is not there; VS800075 says that the project is not. */
async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404 && !error.message.includes('VS800075')) return undefined;
    throw error;
  }
}

function pathOf({ path = '\\', name }: Named): string {
  return `${path.endsWith('\\') ? path : `${path}\\`}${name}`;
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
