import type { SecretMasker } from './secretMasker';

export interface Variable {
  name: string;
  value: string;
  secret: boolean;
  readOnly: boolean;
  preserveCase: boolean;
}

/** The name under which a process sees a variable: `.` and blank become `_`, capitals; `-` stays (VarUtil.cs). */
export function environmentName(name: string): string {
  return name.replaceAll(/[. ]/g, '_').toUpperCase();
}

/** Replaces `$(name)` by `lookup(name)` in one pass: what it puts in is not expanded again, unknown names stay as written. */
export function expandMacros(text: string, lookup: (name: string) => string | undefined): string {
  let result = '';
  let rest = text;
  for (;;) {
    const start = rest.indexOf('$(');
    const end = rest.indexOf(')', start);
    if (start < 0 || end < 0) return result + rest;
    const name = rest.slice(start + 2, end);
    const value = name === '' ? undefined : lookup(name);
    // In '$($(name))' the outer macro is unknown and the inner one is found by going on one character later.
    result += rest.slice(0, start) + (value ?? '$');
    rest = rest.slice(value === undefined ? start + 1 : end + 1);
  }
}

/** The variables of a job: names without case, values that may hold macros of other variables, secrets that stay secret. */
export class JobVariables {
  private readonly variables = new Map<string, Variable>();

  constructor(private readonly masker: SecretMasker) {}

  set(name: string, value: string, kind: Partial<Omit<Variable, 'name' | 'value'>> = {}): void {
    const known = this.variables.get(name.toLowerCase());
    const secret = kind.secret === true || known?.secret === true;
    const readOnly = kind.readOnly === true || known?.readOnly === true;
    if (secret) this.masker.addVariable(value);
    this.variables.set(name.toLowerCase(), {
      name,
      value,
      secret,
      readOnly,
      preserveCase: kind.preserveCase === true,
    });
  }

  unset(name: string): void {
    this.variables.delete(name.toLowerCase());
  }

  isReadOnly(name: string): boolean {
    return this.variables.get(name.toLowerCase())?.readOnly === true;
  }

  get(name: string): string | undefined {
    return this.resolve(name, [])?.value;
  }

  isTrue(name: string): boolean {
    return this.get(name)?.toLowerCase() === 'true';
  }

  /** Expands the macros of a text that is not itself a variable, such as an input. */
  expand(text: string): string {
    return expandMacros(text, (name) => this.get(name));
  }

  /** All variables with expanded values. One whose value took in a secret is secret too. */
  all(): Variable[] {
    return [...this.variables.values()].map((variable) => this.resolve(variable.name, []) ?? variable);
  }

  private resolve(name: string, outer: string[]): Variable | undefined {
    const key = name.toLowerCase();
    const variable = this.variables.get(key);
    if (variable === undefined) return undefined;
    const path = [...outer, key];
    const nested: Variable[] = [];
    const value = expandMacros(variable.value, (nestedName) => {
      // A value that refers to itself keeps the macro.
      const found = path.includes(nestedName.toLowerCase()) ? undefined : this.resolve(nestedName, path);
      if (found !== undefined) nested.push(found);
      return found?.value;
    });
    const secret = variable.secret || nested.some((each) => each.secret);
    if (secret && value !== variable.value) this.masker.addVariable(value);
    return { ...variable, value, secret };
  }
}
