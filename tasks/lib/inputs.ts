import { UserError } from './errors';

/** Gives the text of an input without blanks around it, undefined when it is empty or missing. */
export type Read = (name: string) => string | undefined;

/** A text. A macro that nothing replaced is an error: the variable does not exist in this job. */
export function text(read: Read, name: string): string | undefined {
  const value = read(name);
  const macro = value === undefined ? null : /^\$\(([^()]+)\)$/.exec(value);
  if (macro)
    throw new UserError(
      `${name}: the variable '${macro[1] ?? ''}' is not set in this job, so '${value ?? ''}' stayed as it is. Set it, or leave the input empty.`,
    );
  return value;
}

/** A whole number within bounds; a full match, never a prefix. */
export function wholeNumber(read: Read, name: string, bounds: { min: number; max: number; fallback: number }): number {
  const value = text(read, name);
  if (value === undefined) return bounds.fallback;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : NaN;
  if (number >= bounds.min && number <= bounds.max) return number;
  throw new UserError(`${name}: '${value}' is no whole number from ${bounds.min} to ${bounds.max}.`);
}

/** true or false. */
export function flag(read: Read, name: string, fallback: boolean): boolean {
  const value = text(read, name)?.toLowerCase();
  if (value === undefined) return fallback;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UserError(`${name}: '${read(name) ?? ''}' is neither true nor false.`);
}

/** One of the options, without regard to case. */
export function choice<T extends string>(read: Read, name: string, options: readonly T[], fallback: T): T {
  const value = text(read, name);
  if (value === undefined) return fallback;
  const found = options.find((option) => option.toLowerCase() === value.toLowerCase());
  if (found === undefined) throw new UserError(`${name}: '${value}' is none of ${options.join(', ')}.`);
  return found;
}
