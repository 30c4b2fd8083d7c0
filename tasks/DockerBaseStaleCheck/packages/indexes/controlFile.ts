/**
 * Stanzas of a Debian control file (deb822(5), R's PACKAGES is one too): only the fields named, in their spelling there;
 * of a field over several lines its lines joined by a line end.
 */
export function readStanzas(text: string, fields: readonly string[]): Map<string, string>[] {
  const wanted = new Set(fields);
  const stanzas: Map<string, string>[] = [];
  let stanza = new Map<string, string>();
  let field = '';
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') {
      if (stanza.size > 0) stanzas.push(stanza);
      stanza = new Map();
      field = '';
    } else if (/^[ \t]/.test(line)) {
      if (wanted.has(field)) stanza.set(field, `${stanza.get(field) ?? ''}\n${line.trim()}`);
    } else {
      const colon = line.indexOf(':');
      field = line.slice(0, Math.max(colon, 0));
      if (wanted.has(field)) stanza.set(field, line.slice(colon + 1).trim());
    }
  }
  return stanza.size > 0 ? [...stanzas, stanza] : stanzas;
}

/** Versions by name in a list of packages (`Package`, `Version`); of several architectures each counts once. */
export function readPackageList(text: string): Map<string, string[]> {
  const versions = new Map<string, string[]>();
  for (const stanza of readStanzas(text, ['Package', 'Version'])) {
    const name = stanza.get('Package');
    const version = stanza.get('Version');
    if (!name || !version) continue;
    const known = versions.get(name) ?? [];
    if (!known.includes(version)) known.push(version);
    versions.set(name, known);
  }
  return versions;
}
