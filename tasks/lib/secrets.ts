/** Values that must not be seen: told to the agent before first use, and taken out of every text that we print ourselves. */
export class Secrets {
  private readonly known = new Set<string>();

  /** @param tell hands a value to the agent (`task.setsecret`); a shell has nobody to tell. */
  constructor(private readonly tell: (value: string) => void) {}

  /** Registers a value with its base64 and URI encoded forms; as Basic password also in the forms that a header carries. */
  add(value: string | undefined, username = ''): void {
    if (!value) return;
    const forms = [
      value,
      base64(value),
      base64(`${username}:${value}`),
      base64(`:${value}`),
      encodeURIComponent(value),
    ];
    for (const form of forms) {
      if (form.length < 3 || this.known.has(form)) continue;
      this.known.add(form);
      // The agent refuses a secret with line ends, and a log is printed line by line: the lines of a key are secrets one by one.
      const lines = form.split(/\r?\n/).filter((line) => line.trim().length > 2);
      for (const line of lines) this.tell(line);
      for (const line of lines.length > 1 ? lines : []) if (line.length > 8) this.known.add(line);
    }
  }

  redact(text: string): string {
    let clean = text;
    // The longest first: one may hold another, and what is left of it would still be seen.
    for (const secret of [...this.known].sort((a, b) => b.length - a.length)) clean = clean.split(secret).join('***');
    return clean;
  }
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
