import type { Field } from './shellWords';

export interface CommandLine {
  operands: Field[];
  /** Values by option name, a flag's value is ''. */
  options: ReadonlyMap<string, Field[]>;
}

/**
 * Tells options from operands. `valued` names the options that take a value: `--long value`, `--long=value`, `-s value`,
 * `-svalue`, also as the last of joined short flags; all others are flags.
 */
export function readCommandLine(args: readonly Field[], valued: ReadonlySet<string>): CommandLine {
  const operands: Field[] = [];
  const options = new Map<string, Field[]>();
  const set = (name: string, value: Field) => options.set(name, [...(options.get(name) ?? []), value]);
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? { text: '' };
    const { text } = arg;
    const next = (): Field => args[++index] ?? { text: '' };
    if (text === '--') return { operands: [...operands, ...args.slice(index + 1)], options };
    if (!/^-./.test(text)) operands.push(arg);
    else if (text.startsWith('--')) {
      const equals = text.indexOf('=');
      const name = equals < 0 ? text : text.slice(0, equals);
      set(name, equals >= 0 ? { ...arg, text: text.slice(equals + 1) } : valued.has(name) ? next() : { text: '' });
    } else {
      const letters = text.slice(1, 33);
      const at = letters.split('').findIndex((letter) => valued.has(`-${letter}`));
      for (const flag of letters.slice(0, at < 0 ? undefined : at)) set(`-${flag}`, { text: '' });
      if (at >= 0) {
        const value = text.slice(at + 2).replace(/^=/, '');
        set(`-${letters[at] ?? ''}`, value === '' ? next() : { ...arg, text: value });
      }
    }
  }
  return { operands, options };
}

/** All values of an option under any of its names. */
export function optionValues(line: CommandLine, ...names: string[]): Field[] {
  return names.flatMap((name) => line.options.get(name) ?? []);
}

/** Whether an option is there under any of its names. */
export function hasOption(line: CommandLine, ...names: string[]): boolean {
  return names.some((name) => line.options.has(name));
}

/** Option names in one text, for the list of those which take a value. */
export function optionNames(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
