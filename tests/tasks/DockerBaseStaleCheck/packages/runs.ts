import { readInstalls, type RunInstruction } from '../../../../tasks/DockerBaseStaleCheck/packages/readInstalls';
import type { Install } from '../../../../tasks/DockerBaseStaleCheck/packages/install';

/** A RUN of stage 0 in shell form. */
export function run(text: string, more: Partial<RunInstruction> = {}): RunInstruction {
  return { stage: 0, line: 1, form: 'shell', text, heredocs: [], env: new Map(), ...more };
}

/** What a shell text installs: `manager name wanted (kind)` a line. */
export function installsOf(
  text: string,
  more: Partial<RunInstruction> = {},
  files: Record<string, string> = {},
): string[] {
  return readInstalls([run(text, more)], (path) => files[path]).installs.map(brief);
}

/** The first install of a shell text. */
export function firstOf(text: string, more: Partial<RunInstruction> = {}, files: Record<string, string> = {}): Install {
  const [install] = readInstalls([run(text, more)], (path) => files[path]).installs;
  if (!install) throw new Error(`'${text}' installs nothing`);
  return install;
}

/** Why parts of a shell text cannot be read. */
export function unreadableOf(text: string, more: Partial<RunInstruction> = {}): string[] {
  return readInstalls([run(text, more)], () => undefined).unreadable.map(({ reason }) => reason);
}

/** An install in one line. */
export function brief({ manager, name, wanted, kind }: Install): string {
  return [manager, name, wanted, `(${kind})`].filter((part) => part !== '').join(' ');
}
