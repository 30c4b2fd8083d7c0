/** One logging command as the agent understood it. Property names are lower-cased: the agent looks them up without case. */
export interface ParsedCommand {
  area: string;
  event: string;
  properties: Record<string, string>;
  data: string;
}

const marker = '##vso[';

/** In the agent's order; `%AZP25` comes last, so that `%AZP253B` becomes `%3B` and not `;`. */
const unescapings: [escaped: string, plain: string][] = [
  ['%3B', ';'],
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%5D', ']'],
  ['%AZP25', '%'],
];

/** Undoes the escaping of logging commands, in properties and data alike (Agent.Sdk/CommandStringConvertor.cs). */
export function unescapeCommandText(text: string): string {
  return unescapings.reduce((result, [escaped, plain]) => result.replaceAll(escaped, plain), text);
}

/**
 * Reads the logging command in a line of output; undefined where the agent sees none.
 * It may stand anywhere in the line: text before it is lost (Microsoft.VisualStudio.Services.Agent/Command.cs).
 */
export function parseCommand(line: string): ParsedCommand | undefined {
  const start = line.indexOf(marker);
  const end = line.indexOf(']', start);
  if (start < 0 || end < 0) return undefined;
  const head = line.slice(start + marker.length, end);
  const blank = head.indexOf(' ');
  const name = blank < 0 ? head : head.slice(0, blank);
  const [area, event, ...more] = name.split('.').filter((part) => part !== '');
  if (area === undefined || event === undefined || more.length > 0) return undefined;
  return {
    area,
    event,
    properties: blank < 0 ? {} : parseProperties(head.slice(blank + 1)),
    data: unescapeCommandText(line.slice(end + 1)),
  };
}

/** .NET's Split with RemoveEmptyEntries: `name=`, `=value` and `name` are dropped, and equal signs before a value too. */
function parseProperties(text: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const piece of text.split(';')) {
    const [, name, value] = /^=*([^=]+)=+([^=].*)$/s.exec(piece) ?? [];
    if (name !== undefined && value !== undefined) properties[name.toLowerCase()] = unescapeCommandText(value);
  }
  return properties;
}
