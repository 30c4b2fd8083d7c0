import { UserError } from './errors';
import { textOfValue, type YamlMap, type YamlValue } from './yamlInput';

/** A variable as it is given to a child. */
export interface Variable {
  value: string;
  isSecret: boolean;
}

/**
 * `name: value`, or `name: { value: x, isSecret: true }`; one without a value is left out. Throws `UserError` for a key of the long form that nobody knows: a
 * misspelled `isSecret` would print what must stay unseen.
 */
export function readVariables(map: YamlMap, place: string): Record<string, Variable> {
  const variables: Record<string, Variable> = {};
  for (const [name, value] of map) {
    const spelled = value.kind === 'map' && value.entries.has('value') ? value.entries : undefined;
    const unknown = [...(spelled?.keys() ?? [])].find((key) => key !== 'value' && key !== 'isSecret');
    if (unknown !== undefined)
      throw new UserError(`${place}: '${name}' has the unknown key '${unknown}'; known are value and isSecret.`);
    const inner = spelled ? spelled.get('value') : value;
    const text = inner && textOfValue(inner);
    if (text !== undefined) variables[name] = { value: text, isSecret: isTrue(spelled?.get('isSecret'), name, place) };
  }
  return variables;
}

/** What the author marked as secret: to be known as such before anything is said. */
export function secretsOf(variables: Record<string, Variable>): string[] {
  return Object.values(variables).flatMap(({ value, isSecret }) => (isSecret ? [value] : []));
}

/** The variables as they may be kept in a file: without the values of secrets. */
export function withoutValuesOfSecrets(variables: Record<string, Variable>): Record<string, Variable> {
  return Object.fromEntries(
    Object.entries(variables).map(([name, one]) => [name, one.isSecret ? { ...one, value: '' } : one]),
  );
}

function isTrue(value: YamlValue | undefined, name: string, place: string): boolean {
  if (value && value.kind !== 'scalar')
    throw new UserError(`${place}: isSecret of '${name}': a text is wanted, this is a ${value.kind}.`);
  return value?.text.toLowerCase() === 'true';
}
