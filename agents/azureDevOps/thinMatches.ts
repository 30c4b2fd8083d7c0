import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { placeholderProfile, purposeOf, type NameSpace } from '../plan/names';

const begins = /"matchedAgents"\s{0,8}:\s{0,8}\[/g;
/** No shorter than what `begins` can match, so that a beginning cut by a chunk's end is found. */
const longestBeginning = 40;

/**
 * Shortens a list of job requests on its way in: a request names every registered agent that fits it, so that a thousand of each make two
 * hundred megabytes. Kept of each matching is what the plan asks for: the placeholders, and the first agent of somebody else's.
 */
export function thinMatches(space: NameSpace): Transform {
  const decoder = new StringDecoder('utf8');
  let text = '';
  /** The matching that is being read; undefined between two. */
  let kept: string[] | undefined;
  let keptForeign = false;

  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      text += decoder.write(chunk);
      done(null, thinned(false));
    },
    flush(done: TransformCallback) {
      text += decoder.end();
      done(null, thinned(true));
    },
  });

  /** What can be handed on of the text that has come so far; at the end all of it. */
  function thinned(isEnd: boolean): string {
    let out = '';
    let at = 0;
    for (;;) {
      if (kept === undefined) {
        begins.lastIndex = at;
        if (!begins.test(text)) break;
        out += text.slice(at, begins.lastIndex);
        at = begins.lastIndex;
        [kept, keptForeign] = [[], false];
      }
      while (/[\s,]/.test(text.charAt(at))) at += 1;
      const end = text[at] === '{' ? endOf(text, at) : undefined;
      if (end === -1 || at >= text.length) break;
      if (end === undefined) {
        // The end of the matching; what is none of an agent is left to whoever reads the whole.
        out += kept.join();
        kept = undefined;
        continue;
      }
      const agent = text.slice(at, end);
      if (isKept(agent)) kept.push(agent);
      at = end;
    }
    const upTo = kept ? at : Math.max(at, text.length - (isEnd ? 0 : longestBeginning));
    out += text.slice(at, upTo);
    text = text.slice(upTo);
    return isEnd && kept ? out + kept.join() + text : out;
  }

  function isKept(agent: string): boolean {
    const { name = '' } = JSON.parse(agent) as { name?: string };
    if (placeholderProfile(space, name) !== undefined) return true;
    if (keptForeign || purposeOf(space, name) !== undefined) return false;
    return (keptForeign = true);
  }
}

/** Where the JSON object ends that begins here; -1 while its end has not come. */
function endOf(text: string, from: number): number {
  // A text whose end is missing is matched by its quote alone.
  const token = /"(?:[^"\\]|\\.)*"|["{}]/gs;
  token.lastIndex = from;
  let depth = 0;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    if (found[0] === '"') return -1;
    if (found[0] === '{') depth += 1;
    if (found[0] === '}' && --depth === 0) return token.lastIndex;
  }
  return -1;
}
