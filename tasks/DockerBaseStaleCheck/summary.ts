import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from '../lib/agent';
import { messageOf } from '../lib/errors';
import { markdownText, shorten, type Log } from '../lib/log';
import type { CheckedDockerfile } from './checked';
import type { StaleVerdict } from './verdicts';

const SIGNS: Record<StaleVerdict, string> = {
  fresh: '✅',
  pinned: '📌',
  stale: '♻️',
  pending: '⏳',
  held: '✋',
  unknown: '❓',
  unresolved: '❓',
  baseMissing: '❌',
  noBase: '▫️',
  invalid: '❌',
};
const MOST_ROWS = 300;
const LONGEST_CELL = 300;

/** The table of Dockerfiles and verdicts, what needs attention first. Pure. */
export function checkSummary(dockerfiles: readonly CheckedDockerfile[]): string {
  const quiet = (one: CheckedDockerfile) => (['fresh', 'pinned', 'noBase'].includes(one.verdict) ? 1 : 0);
  const ordered = [...dockerfiles].sort((a, b) => quiet(a) - quiet(b));
  const text = (value: string) => markdownText(shorten(value, LONGEST_CELL));
  const rows = ordered
    .slice(0, MOST_ROWS)
    .map(
      ({ path: file, verdict, reason, values }) =>
        `| ${SIGNS[verdict]} | ${text(file)} | ${verdict} | ${text(values.base ?? '')} | ${text(reason)} |`,
    );
  const rest = ordered.length > MOST_ROWS ? [`\n… and ${ordered.length - MOST_ROWS} more.`] : [];
  return ['| | Dockerfile | Verdict | Base | Why |', '|---|---|---|---|---|', ...rows, ...rest, ''].join('\n');
}

/** Adds the summary to the parent. It is an extra: a failure is one warning. */
export function uploadCheckSummary(
  agent: Agent,
  dockerfiles: readonly CheckedDockerfile[],
  { stepName, log }: { stepName: string; log: Log },
): void {
  const folder = agent.variable('Agent.TempDirectory');
  if (!folder || !dockerfiles.length) return;
  try {
    // The file's name is the heading of the section on the page.
    const file = path.join(folder, `Base images ${stepName}.md`);
    fs.writeFileSync(file, checkSummary(dockerfiles));
    agent.uploadSummary(file);
  } catch (error) {
    log.warning(`The summary could not be written: ${messageOf(error)}`);
  }
}
