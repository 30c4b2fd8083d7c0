/** One way to sign in that a registry offers. */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string;
  /** Names in lower case, values as they are: a realm or a scope is case-sensitive. */
  parameters: Map<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/**
 * The challenges of `WWW-Authenticate`, of one header or several: commas part parameters and challenges alike, and may stand inside
 * quotes. What is no challenge ends the reading of its header. (RFC 9110, 11.6.1)
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const headers = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  return headers.flatMap(readHeader);
}

function readHeader(text: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at += match[0].length;
    return match;
  };
  while (at < text.length) {
    take(/[\s,]+/y);
    const word = take(TOKEN)?.[0];
    if (word === undefined) break;
    const current = challenges.at(-1);
    if (take(/\s*=\s*/y)) {
      const quoted = take(QUOTED);
      const value = quoted ? (quoted[1] ?? '').replace(/\\(.)/g, '$1') : take(TOKEN)?.[0];
      if (value === undefined || !current) break;
      current.parameters.set(word.toLowerCase(), value);
      continue;
    }
    challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    if (!take(/ +/y)) continue;
    // Negotiate and the like carry one text instead of parameters; a word with '=' behind it is a parameter.
    const isParameter = /[^\s=,]+\s*=\s*["!#$%&'*+.^_`|~0-9A-Za-z-]/y;
    isParameter.lastIndex = at;
    if (!isParameter.test(text) && !/^\s*(?:[A-Za-z]+\s|,)/.test(text.slice(at))) take(TOKEN68);
  }
  return challenges;
}
