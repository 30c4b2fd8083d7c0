import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from '../agent';
import { messageOf } from '../errors';
import { markdownText, shorten, type Log } from '../log';
import { inWords } from '../verdict';
import type { Child } from './child';
import { span } from './progress';

const SIGNS: Record<string, string> = {
  succeeded: '✅',
  partiallySucceeded: '⚠️',
  failed: '❌',
  canceled: '🚫',
  timedOut: '⏱️',
  started: '▶️',
  skipped: '⏭️',
};
const MOST_ROWS = 200;
const LONGEST_CELL = 300;

/** The table of children for the run's Extensions tab. Pure. */
export function summaryMarkdown(children: Child[]): string {
  const rows = children.slice(0, MOST_ROWS).map(row);
  const rest = children.length > MOST_ROWS ? [`\n… and ${children.length - MOST_ROWS} more.`] : [];
  return ['| | Run | Parameters | Duration | Stages |', '|---|---|---|---|---|', ...rows, ...rest, ''].join('\n');
}

/** Adds the summary to the parent. It is an extra: a failure is one warning. */
export function uploadSummary(
  agent: Agent,
  children: Child[],
  { stepName, log }: { stepName: string; log: Log },
): void {
  const folder = agent.variable('Agent.TempDirectory');
  if (!folder || !children.length) return;
  try {
    // The file's name is the heading of the section on the page.
    const file = path.join(folder, `Pipeline Cascade ${stepName}.md`);
    fs.writeFileSync(file, summaryMarkdown(children));
    agent.uploadSummary(file);
  } catch (error) {
    log.warning(`The summary could not be written: ${messageOf(error)}`);
  }
}

function row(child: Child): string {
  const { result = 'started', progress, reason } = child;
  const text = (value: string) => markdownText(shorten(value, LONGEST_CELL));
  const name = `[${text(`${child.name} ${child.number}`)}](${link(child.url)})${child.item ? `<br>${text(child.item)}` : ''}`;
  const words = `${text(inWords(result))}${reason ? `<br>${text(reason)}` : ''}`;
  const stages = progress.stages
    .map((stage) => `${SIGNS[stage.result] ?? '▫️'} ${text(stage.displayName)}${inBrackets(stage.result)}`)
    .join('<br>');
  const given = child.given.map(text).join(', ');
  return `| ${SIGNS[result] ?? ''} | ${name}<br>${words} | ${given} | ${span(progress.startTime, progress.finishTime)} | ${stages} |`;
}

/** A sign alone tells nothing to who cannot see it; what is as it should be needs no word. */
function inBrackets(result: string): string {
  return result && result !== 'succeeded' ? ` (${result})` : '';
}

/** A URL that can't leave its place in a Markdown link; anything but http(s) leads nowhere. */
function link(url: string): string {
  return /^https?:\/\//.test(url)
    ? encodeURI(decodeURI(url)).replace(/[()|<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
    : '#';
}
