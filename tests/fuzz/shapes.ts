import type { Random } from './random';

/** What stands where something else is expected. An empty list is none of them: where a list is documented it is a right answer. */
const WRONG: readonly unknown[] = [
  null,
  '',
  'x',
  '##vso[task.complete result=Succeeded]',
  -1,
  1e21,
  true,
  {},
  [null],
  { value: null },
  [['x']],
];

/** A copy of a JSON value in which some fields are missing or of another kind. */
export function misshapen(value: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(value);
  for (let change = random.below(3); change >= 0; change--) {
    const places = placesIn(copy);
    if (!places.length || random.below(40) === 0) return random.pick(WRONG);
    const { holder, key } = random.pick(places);
    if (random.below(3) > 0) holder[key] = structuredClone(random.pick(WRONG));
    else if (!Array.isArray(holder)) Reflect.deleteProperty(holder, key);
  }
  return copy;
}

interface Place {
  holder: Record<string, unknown>;
  key: string;
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
