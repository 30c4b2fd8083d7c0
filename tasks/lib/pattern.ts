/** True when a name fits a pattern: `*` for any letters, `?` for one; without regard to case, the whole name. */
export function fitsPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${source}$`, 'is').test(name);
}

/** True for a name that holds a placeholder. */
export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}
