import { UserError } from '../lib/errors';
import type { YamlMap, YamlValue } from '../lib/yamlInput';

export const PLACEHOLDERS = [
  'folder',
  'dockerfile',
  'image',
  'base',
  'baseTag',
  'baseDigest',
  'reason',
  'name',
] as const;

/** What the placeholders of one Dockerfile stand for. */
export type Values = Partial<Record<(typeof PLACEHOLDERS)[number], string>>;

const PLACEHOLDER = /\$(\$?)\{([^{}]*)\}/g;

/**
 * The text with `${name}` replaced and `$${` as a literal `${`. Pure. Throws `UserError` for a placeholder that there is none of.
 * @param input for the message.
 */
export function fill(text: string, values: Values, input: string): string {
  return text.replace(PLACEHOLDER, (whole, escaped: string, written: string) => {
    if (escaped) return whole.slice(1);
    const name = PLACEHOLDERS.find((known) => known === written);
    if (name === undefined) {
      throw new UserError(
        `${input}: '${whole}' is no placeholder; there are ${PLACEHOLDERS.map((known) => `\${${known}}`).join(', ')}. A literal one is written $${whole}.`,
      );
    }
    return values[name] ?? '';
  });
}

/** Replaces in the scalars of a map, never in its keys; what was replaced is a text, whatever it looks like. */
export function fillMap(map: YamlMap, values: Values, input: string): YamlMap {
  return mapScalars(map, (text) => fill(text, values, input));
}

/** For a run of several images: a scalar that is only a placeholder becomes a list, other text is repeated per image. */
export function fillMapForGroup(map: YamlMap, all: readonly Values[], input: string): YamlMap {
  return new Map(
    [...map].map(([key, value]): [string, YamlValue] => [
      key,
      mapValue(value, (scalar) => {
        if (!holdsPlaceholder(scalar.text)) return filled(scalar, fill(scalar.text, {}, input));
        const texts = all.map((values) => fill(scalar.text, values, input));
        const items = texts.map((text): YamlValue => ({ kind: 'scalar', text, plain: false }));
        if (/^\$\{[^{}]*\}$/.test(scalar.text)) return { kind: 'list', items };
        return { kind: 'scalar', text: texts.join(' '), plain: false };
      }),
    ]),
  );
}

type Scalar = Extract<YamlValue, { kind: 'scalar' }>;

function mapScalars(map: YamlMap, change: (text: string) => string): YamlMap {
  return new Map(
    [...map].map(([key, value]) => [key, mapValue(value, (scalar) => filled(scalar, change(scalar.text)))]),
  );
}

function filled(scalar: Scalar, text: string): YamlValue {
  return text === scalar.text ? scalar : { kind: 'scalar', text, plain: false };
}

function mapValue(value: YamlValue, change: (scalar: Scalar) => YamlValue): YamlValue {
  switch (value.kind) {
    case 'scalar':
      return change(value);
    case 'list':
      return { kind: 'list', items: value.items.map((item) => mapValue(item, change)) };
    case 'map':
      return { kind: 'map', entries: new Map([...value.entries].map(([key, item]) => [key, mapValue(item, change)])) };
  }
}

function holdsPlaceholder(text: string): boolean {
  return [...text.matchAll(PLACEHOLDER)].some(([, escaped]) => !escaped);
}

const LONGEST_NAME = 100;

/** A name for each path: letters, digits and `_`, beginning with a letter, different from all others. Pure. */
export function namesOf(paths: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const path of paths) {
    const plain = path.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
    const base = (/^[A-Za-z]/.test(plain) ? plain : `d_${plain}`).slice(0, LONGEST_NAME);
    let name = base;
    for (let count = 2; taken.has(name.toLowerCase()); count++) {
      name = `${base.slice(0, LONGEST_NAME - String(count).length - 1)}_${count}`;
    }
    taken.add(name.toLowerCase());
    names.set(path, name);
  }
  return names;
}
