import { optionNames } from './commandLine';
import type { Field } from './shellWords';

/** Commands that run the command in their arguments: their options with a value, and operands before that command. */
const WRAPPERS: Readonly<Record<string, { valued: string; operands?: number }>> = {
  sudo: { valued: '-u --user -g --group -h --host -p --prompt -C -r -t -T -U -D --chdir' },
  doas: { valued: '-u -C' },
  env: { valued: '-u --unset -C --chdir' },
  exec: { valued: '-a' },
  command: { valued: '' },
  builtin: { valued: '' },
  nohup: { valued: '' },
  nice: { valued: '-n --adjustment' },
  ionice: { valued: '-c -n --class --classdata' },
  timeout: { valued: '-k --kill-after -s --signal', operands: 1 },
  stdbuf: { valued: '-i -o -e' },
  eatmydata: { valued: '' },
  gosu: { valued: '', operands: 1 },
  'su-exec': { valued: '', operands: 1 },
  chroot: { valued: '', operands: 1 },
  setarch: { valued: '', operands: 1 },
  'xvfb-run': { valued: '-e -f -n -p -s --server-num --server-args' },
  'conda run': { valued: '-n --name -p --prefix --cwd' },
  'mamba run': { valued: '-n --name -p --prefix --cwd' },
  'micromamba run': { valued: '-n --name -p --prefix -r --root-prefix --cwd -e --env' },
  'poetry run': { valued: '' },
  'pipenv run': { valued: '' },
  xargs: { valued: '-a --arg-file -n --max-args -P --max-procs -I -i -L -d --delimiter -s -E' },
};
const MOST_WRAPPERS = 10;

export interface Unwrapped {
  /** The command itself without its folder, and its arguments. */
  name: string;
  path: string;
  args: Field[];
  /** Variables that `env A=b` or `sudo A=b` set for it. */
  variables: Map<string, Field>;
  /** xargs gives it more arguments. */
  takesMore: boolean;
}

/** The command that really runs, behind `sudo`, `env`, `timeout`, `conda run` and their like. */
export function unwrap(fields: readonly Field[]): Unwrapped {
  const variables = new Map<string, Field>();
  let rest = [...fields];
  let takesMore = false;
  for (let round = 0; round < MOST_WRAPPERS; round++) {
    const name = baseName(rest[0]?.text ?? '');
    const two = `${name} ${rest[1]?.text ?? ''}`;
    const wrapper = WRAPPERS[two] ?? (Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined);
    if (!wrapper) break;
    takesMore ||= name === 'xargs';
    rest = afterOptions(rest.slice(wrapper === WRAPPERS[two] ? 2 : 1), optionNames(wrapper.valued));
    rest = rest.slice(wrapper.operands ?? 0);
    for (let set = assignment(rest[0]); set; set = assignment(rest[0])) {
      variables.set(set.name, set.value);
      rest.shift();
    }
  }
  const path = rest[0]?.text ?? '';
  return { name: baseName(path), path, args: rest.slice(1), variables, takesMore };
}

function afterOptions(fields: readonly Field[], valued: ReadonlySet<string>): Field[] {
  let at = 0;
  while (/^-./.test(fields[at]?.text ?? '')) {
    const text = fields[at]?.text ?? '';
    at += valued.has(text) ? 2 : 1;
    if (text === '--') break;
  }
  return fields.slice(at);
}

function assignment(field: Field | undefined): { name: string; value: Field } | undefined {
  const [, name, text = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(field?.text ?? '') ?? [];
  return name === undefined || !field ? undefined : { name, value: { ...field, text } };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
