/** A logging command of the task; https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands */
export interface Command {
  /** `task.complete` and the like, in lower case. */
  name: string;
  /** By lower-case name. */
  properties: Record<string, string>;
  data: string;
}

const ESCAPED: [string, string][] = [
  ['%3B', ';'],
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%5D', ']'],
  ['%AZP25', '%'],
];

/** The command in a line of output, wherever in it an agent would see it; undefined when it is a line for people. */
export function parseCommand(line: string): Command | undefined {
  const [, name, properties = '', data = ''] = /##vso\[([a-z]+\.[a-z]+)(?: ([^\]]*))?\](.*)$/i.exec(line) ?? [];
  if (name === undefined) return undefined;
  const pairs = properties.split(';').flatMap((piece) => {
    const equals = piece.indexOf('=');
    return equals > 0 ? [[piece.slice(0, equals).toLowerCase(), unescape(piece.slice(equals + 1))]] : [];
  });
  return {
    name: name.toLowerCase(),
    properties: Object.fromEntries(pairs) as Record<string, string>,
    data: unescape(data),
  };
}

/** In the agent's order: `%` comes last, so that `%AZP253B` becomes `%3B`. */
function unescape(text: string): string {
  return ESCAPED.reduce((result, [escaped, sign]) => result.replaceAll(escaped, sign), text);
}
