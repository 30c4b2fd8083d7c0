/**
 * BuildKit would refuse the file. Only thrown inside this folder: `readDockerfile` turns it into a value.
 * `parsePhase` says that BuildKit puts 'dockerfile parse error on line N: ' before the reason.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly reason: string,
    readonly line?: number,
    readonly parsePhase = false,
  ) {
    super(parsePhase && line !== undefined ? `dockerfile parse error on line ${line}: ${reason}` : reason);
  }
}

/** Runs `read` and gives a refusal without line the line of the instruction that was being read. */
export function atLine<T>(line: number, parsePhase: boolean, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal && error.line === undefined) throw new Refusal(error.reason, line, parsePhase);
    throw error;
  }
}

const ESCAPES: Record<string, string> = {
  '\\': '\\\\',
  '"': '\\"',
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
};

/** The text in double quotes as Go's `%q` prints it, which BuildKit's messages use. */
export function quote(text: string): string {
  const escaped = text.replace(/[\\"]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    if (code < 0x80) return ESCAPES[character] ?? `\\x${hex.padStart(2, '0')}`;
    return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
