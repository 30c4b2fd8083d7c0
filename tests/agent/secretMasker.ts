/** Replaces secrets in everything that reaches the log, as the agent's masker does: only what it was told, in known spellings. */
export class SecretMasker {
  private readonly spellings = new Set<string>();

  /** Masks a value from now on: as it is, as inside a JSON string, and URI-escaped. */
  add(value: string): void {
    if (value === '') return;
    for (const spelling of [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]) {
      this.spellings.add(spelling);
    }
  }

  /** Masks a secret variable, of which the agent also knows base64, escaped and trimmed forms (Worker.InitializeSecretMasker). */
  addVariable(value: string): void {
    if (value.trim() === '') return;
    const escaped = value.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
    const unquoted = value.trim().replace(/^["']+|["']+$/g, '');
    for (const form of [value, value.trim(), unquoted, escaped, Buffer.from(value).toString('base64')]) this.add(form);
  }

  /** The text with `***` for each stretch that secrets cover; overlapping ones become one. Passwords in URLs go as well. */
  mask(text: string): string {
    const covered = [...this.spellings].flatMap((spelling) => occurrences(text, spelling));
    covered.sort((a, b) => a.start - b.start);
    let masked = '';
    let at = 0;
    for (const { start, end } of covered) {
      if (start > at || (start === at && !masked.endsWith('***'))) masked += `${text.slice(at, start)}***`;
      at = Math.max(at, end);
    }
    return (masked + text.slice(at)).replaceAll(/(?<=:\/\/[^/\s:@]*:)[^/\s:@]+(?=@)/g, '***');
  }
}

function occurrences(text: string, part: string): { start: number; end: number }[] {
  const found = [];
  for (let start = text.indexOf(part); start >= 0; start = text.indexOf(part, start + 1)) {
    found.push({ start, end: start + part.length });
  }
  return found;
}
