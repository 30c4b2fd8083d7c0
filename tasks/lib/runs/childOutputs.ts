import { messageOf, UserError } from '../errors';

export interface ChildOutput {
  name: string;
  value: string;
  isSecret: boolean;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LONGEST_FILE = 1024 * 1024;
export const OUTPUT_FILES = ['outputs.json', 'outputs.env'];

/**
 * Entries of an `outputs.json` (a map of name to value, or to `{ value, isSecret }`) or `outputs.env` (`NAME=value` lines).
 * Throws `UserError` that names the file for one that is too large, no JSON, or holds a name that is no variable name.
 * @param place the file as messages name it.
 */
export function readChildOutputs(text: string, kind: 'json' | 'env', place: string): ChildOutput[] {
  if (Buffer.byteLength(text) > LONGEST_FILE) throw new UserError(`${place} is larger than 1 MB.`);
  const outputs = kind === 'json' ? fromJson(text, place) : fromLines(text, place);
  const wrong = outputs.find(({ name }) => !NAME.test(name));
  if (wrong)
    throw new UserError(
      `${place}: '${wrong.name}' is no variable name: letters, digits and _ only, not a digit first.`,
    );
  return outputs;
}

function fromJson(text: string, place: string): ChildOutput[] {
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new UserError(`${place} is no JSON: ${messageOf(cause)}.`, { cause });
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new UserError(`${place} holds no JSON object of names and values.`);
  return Object.entries(content).map(([name, given]) => {
    const spelled: { value: unknown; isSecret?: unknown } = isSpelledOut(given) ? given : { value: given };
    return { name, value: textOf(spelled.value), isSecret: spelled.isSecret === true };
  });
}

function isSpelledOut(given: unknown): given is { value: unknown; isSecret?: unknown } {
  return typeof given === 'object' && given !== null && 'value' in given && 'isSecret' in given;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
}

function fromLines(text: string, place: string): ChildOutput[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
    .map((line, index) => {
      const at = line.indexOf('=');
      if (at < 1) throw new UserError(`${place}: line ${index + 1} is not NAME=value.`);
      return { name: line.slice(0, at).trim(), value: line.slice(at + 1), isSecret: false };
    });
}
