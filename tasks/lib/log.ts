/**
 * What a task says. Every text is made harmless by the log itself, whoever wrote it, so that no caller can forget it:
 * a line never carries a logging command, and registered secrets are replaced.
 */
export interface Log {
  info(text: string): void;
  /** Shown on the run's summary as well. */
  warning(text: string): void;
  error(text: string): void;
  debug(text: string): void;
  /** Lines that belong together, folded in the log under a title. */
  group(title: string, lines: string[]): void;
}

/**
 * Text of others as it may be printed. The agent looks for `##vso[` anywhere in a line and for `##[` at its start, and ends a
 * line at `\n`, `\r\n` or `\r`; other control characters could rewrite what a terminal shows.
 */
export function harmless(text: string): string {
  return (
    text
      .replace(/\r\n?/g, '\n')
      // eslint-disable-next-line no-control-regex -- control characters are what is taken out
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
      .replace(/##(?=vso\s*\[|\[)/gi, '##_')
  );
}

/** Text of others inside a Markdown cell: no markup, no link, no HTML, one line. */
export function markdownText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_{}[\]()#+\-.!|~^$@:]/g, (sign) => `\\${sign}`)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
}

/** Long foreign text, cut at a length with an ellipsis. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
