import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from '../lib/agent';
import type { Log } from '../lib/log';

/** Outputs become environment variables of every later step, and those have a limit. */
const LONGEST_OUTPUT = 24_000;
/** What the platform takes in a matrix. */
const MOST_LEGS = 256;

export interface CheckOutputs {
  stale: Record<string, unknown>[];
  matrix: Record<string, Record<string, string>>;
  report: Record<string, unknown>;
}

/** Sets what later steps and jobs go by, and writes the files that hold the whole. */
export function setCheckOutputs(
  agent: Agent,
  { stale, matrix, report }: CheckOutputs,
  { stepName, log }: { stepName: string; log: Log },
): void {
  agent.setOutput('anyStale', String(stale.length > 0));
  agent.setOutput('staleCount', String(stale.length));
  setList(agent, 'stale', [stale, stale.map(({ name }) => ({ name }))], log);
  const legs = Object.keys(matrix).length;
  if (legs <= MOST_LEGS) setList(agent, 'matrix', [matrix], log);
  else log.info(`The output 'matrix' is not set: ${legs} images are more than the ${MOST_LEGS} legs of a matrix.`);
  const folder = agent.variable('Agent.TempDirectory');
  if (!folder) return;
  for (const [output, name, content] of [
    ['staleFile', 'stale', stale],
    ['report', 'report', report],
  ] as const) {
    const file = path.join(folder, `docker-base-stale-check.${stepName}.${name}.json`);
    fs.writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
    agent.setOutput(output, file);
  }
}

/** The first of the forms that is short enough. */
function setList(agent: Agent, name: string, forms: unknown[], log: Log): void {
  for (const [index, form] of forms.entries()) {
    const text = JSON.stringify(form);
    if (text.length > LONGEST_OUTPUT) continue;
    if (index)
      log.info(`The output '${name}' holds names only, because it would be longer than ${LONGEST_OUTPUT} letters.`);
    agent.setOutput(name, text);
    return;
  }
  log.info(`The output '${name}' is not set, because it would be longer than ${LONGEST_OUTPUT} letters.`);
}
