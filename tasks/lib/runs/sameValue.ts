/**
 * Whether a value that the service tells of a run is the one that was sent. It may print `true` as `True`, and parse what it was given;
 * digits that are told as a text are compared as they stand, because 1.1 and 1.10 may be two versions.
 */
export function isSameValue(told: unknown, sent: string): boolean {
  const text = typeof told === 'string' ? told : JSON.stringify(told);
  if (text === sent) return true;
  if (/^(true|false)$/i.test(sent)) return text.toLowerCase() === sent.toLowerCase();
  return (typeof told !== 'string' || /^\s*[[{]/.test(told)) && canonical(text) === canonical(sent);
}

/** JSON text without what a printer may choose; any other text as it is. */
function canonical(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
