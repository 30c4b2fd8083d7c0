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

const ESCAPES: Record<number, string> = { 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' };

/** The text in double quotes as Go's `%q` prints it, which BuildKit's messages use. */
export function quote(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what has to be escaped
  const escaped = text.replace(/[\\"\u0000-\u001f\u007f-\u00a0]/g, (character) => {
    if (character === '\\' || character === '"') return `\\${character}`;
    const code = character.charCodeAt(0);
    const hex = code.toString(16);
    return ESCAPES[code] ?? (code < 0x80 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`);
  });
  return `"${escaped}"`;
}
