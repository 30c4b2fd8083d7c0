/** Whether BuildKit counts the character as white space (Go's `unicode.IsSpace`): not the same set as JavaScript's `\s`. */
export function isSpace(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code <= 0x20) return code === 0x20 || (code >= 9 && code <= 13);
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charAt(start))) start++;
  return text.slice(start);
}

export function trim(text: string): string {
  return trimEndOf(trimStart(text), isSpace);
}

/** The text without the characters at its end for which `drop` holds; a loop, as `/\s+$/` is quadratic on long runs. */
export function trimEndOf(text: string, drop: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0 && drop(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
