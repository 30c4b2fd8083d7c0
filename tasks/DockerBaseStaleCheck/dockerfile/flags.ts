import { Refusal } from './refusal';
import { suggest } from './suggest';

/** What a flag takes: `true`/`false`, one text, or a text each time it is given. */
export type FlagKind = 'boolean' | 'text' | 'texts';

/** The values of an instruction's flags; refuses what BuildKit refuses (instructions/bflag.go). */
export function readFlags(flags: readonly string[], known: Readonly<Record<string, FlagKind>>): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const flag of flags) {
    if (!flag.startsWith('--')) throw new Refusal(`arg should start with -- : ${flag}`);
    const equals = flag.indexOf('=');
    const written = equals < 0 ? flag : flag.slice(0, equals);
    const value = equals < 0 ? undefined : flag.slice(equals + 1);
    const name = written.slice(2);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!kind) throw new Refusal(suggest(`unknown flag: ${written}`, name, Object.keys(known)));
    const before = values.get(name);
    if (before && kind !== 'texts') throw new Refusal(`duplicate flag specified: ${written}`);
    if (kind === 'boolean' ? value === '' : value === undefined) {
      throw new Refusal(`missing a value on flag: ${written}`);
    }
    if (kind === 'boolean' && value !== undefined && !['true', 'false'].includes(value.toLowerCase())) {
      throw new Refusal(`expecting boolean value for flag ${written}, not: ${value}`);
    }
    if (before) before.push(value ?? '');
    else values.set(name, [value ?? 'true']);
  }
  return values;
}

/** The fields of one line of comma-separated values, as `--mount` and `--device` take them. */
export function readFields(line: string, what: string): string[] {
  const failed = (at: number, problem: string) =>
    new Refusal(`failed to parse csv ${what}: parse error on line 1, column ${at + 1}: ${problem}`);
  const fields: string[] = [];
  const source = line.replace(/\r?\n$/, '');
  if (source === '') throw new Refusal(`failed to parse csv ${what}: EOF`);
  let at = 0;
  for (;;) {
    if (source.charAt(at) !== '"') {
      const comma = source.indexOf(',', at);
      const field = source.slice(at, comma < 0 ? source.length : comma);
      if (field.includes('"')) throw failed(at + field.indexOf('"'), 'bare " in non-quoted-field');
      fields.push(field);
      if (comma < 0) return fields;
      at = comma + 1;
      continue;
    }
    let field = '';
    at++;
    for (;;) {
      const end = source.indexOf('"', at);
      if (end < 0) throw failed(at, 'extraneous or missing " in quoted-field');
      field += source.slice(at, end);
      at = end + 1;
      if (source.charAt(at) !== '"') break;
      field += '"';
      at++;
    }
    fields.push(field);
    if (at === source.length) return fields;
    if (source.charAt(at) !== ',') throw failed(at - 1, 'extraneous or missing " in quoted-field');
    at++;
  }
}

export interface Mount {
  /** Where it takes its files from, '' for the build context. */
  from: string;
  target: string;
  /** `bind`, `cache`, `secret`, …; bind where it is left out. */
  type: string;
  /** The path in what it takes its files from; its root where it is left out. */
  source: string;
}

/** What a `RUN --mount` says before its variables are expanded. (instructions/commands_runmount.go) */
export function readMount(written: string): Mount {
  const mount = { from: '', target: '', type: 'bind', source: '' };
  for (const field of readFields(written, 'mounts')) {
    const equals = field.indexOf('=');
    const key = field.slice(0, Math.max(equals, 0)).toLowerCase();
    const value = field.slice(equals + 1);
    if (['target', 'dst', 'destination'].includes(key)) mount.target = value;
    if (key === 'type') mount.type = value.toLowerCase();
    if (key === 'source' || key === 'src') mount.source = value;
    if (key !== 'from') continue;
    const dollar = value.indexOf('$');
    if (dollar >= 0 && dollar !== value.length - 1) {
      throw new Refusal("'from' doesn't support variable expansion, define alias stage instead");
    }
    mount.from = value;
  }
  return mount;
}

/** Refuses a `RUN --device` that BuildKit cannot read. (instructions/commands_rundevice.go) */
export function checkDevice(device: string): void {
  let name = '';
  for (const field of readFields(device, 'devices')) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    if (key === 'required') {
      if (value !== undefined && !/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) {
        throw new Refusal(`invalid value for ${key}: ${value}`);
      }
    } else if (key === 'name' && value !== undefined) {
      if (name) throw new Refusal(`device name already set to ${name}`);
      name = value;
    } else if (!name) {
      name = field;
    } else if (value === undefined) {
      throw new Refusal(`invalid field '${field}' must be a key=value pair`);
    } else {
      throw new Refusal(suggest(`unexpected key '${key}' in '${field}'`, key, ['name', 'required']));
    }
  }
}
