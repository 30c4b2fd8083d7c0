import fs from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from './errors';

const LONGEST_TEXT = 16 * 1024 * 1024;

/**
 * Text of a file that an input names, relative to a folder. Throws `UserError` that names the input and the file.
 * @param input the input for the message.
 */
export function readTextFile(file: string, input: string, folder = '.'): string {
  const whole = path.resolve(folder, file);
  try {
    const { size } = fs.statSync(whole);
    if (size > LONGEST_TEXT) throw new UserError(`it has ${size} bytes, more than ${LONGEST_TEXT}`);
    return fs.readFileSync(whole, 'utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new UserError(`${input}: the file '${whole}' cannot be read: ${messageOf(cause)}.`, { cause });
  }
}
