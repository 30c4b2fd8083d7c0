import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from '../agent';
import type { Log } from '../log';
import { worst } from '../verdict';
import type { Child } from './child';

/** Outputs become environment variables of every later step, and those have a limit. */
const LONGEST_OUTPUT = 24_000;

/** Sets what is known of the children as soon as an id is known: later steps may need it although this one fails. */
export function setStartedOutputs(agent: Agent, children: Child[], log: Log): void {
  const [first] = children;
  setList(agent, { name: 'runIds', whole: children.flatMap(({ id }) => id || []) }, log);
  if (!first?.id) return;
  agent.setOutput('runId', String(first.id));
  agent.setOutput('runNumber', first.number);
  agent.setOutput('runUrl', first.url);
}

/** Sets the outputs of the end: `result`, `results`, and the file that holds the whole. */
export function setEndedOutputs(
  agent: Agent,
  children: Child[],
  { stepName, log }: { stepName: string; log: Log },
): void {
  setStartedOutputs(agent, children, log);
  const results = children.map(resultEntry);
  agent.setOutput('result', children.length ? worst(children.map(({ result }) => result ?? 'started')) : 'skipped');
  setList(
    agent,
    { name: 'results', whole: results, short: results.map(({ name, id, result }) => ({ name, id, result })) },
    log,
  );
  const folder = agent.variable('Agent.TempDirectory');
  if (!folder) return;
  const file = path.join(folder, `pipeline-cascade.${stepName}.results.json`);
  fs.writeFileSync(file, JSON.stringify(results, undefined, 2));
  agent.setOutput('resultsFile', file);
}

/** One entry of `results`; its fields are part of the contract. */
export function resultEntry(child: Child): Record<string, unknown> & { name: string; id: number; result: string } {
  const { progress } = child;
  return {
    name: child.item || child.name,
    id: child.id,
    number: child.number,
    url: child.url,
    project: child.project,
    pipeline: child.name,
    branch: child.branch,
    commit: child.commit,
    result: child.result ?? 'started',
    attempts: child.attempt,
    queueTime: progress.queueTime ?? '',
    startTime: progress.startTime ?? '',
    finishTime: progress.finishTime ?? '',
    stages: progress.stages.map(({ name, result, attempt }) => ({ name, result, attempt })),
  };
}

/** Sets a JSON list; one that is too long is cut down to its short form, or not set, and the log says so. */
function setList(
  agent: Agent,
  { name, whole, short }: { name: string; whole: unknown[]; short?: unknown[] },
  log: Log,
): void {
  for (const [list, what] of [
    [whole, ''],
    [short ?? whole, 'cut down to name, id and result'],
  ] as const) {
    const text = JSON.stringify(list);
    if (text.length > LONGEST_OUTPUT) continue;
    if (what)
      log.info(
        `The output '${name}' is ${what}, because it would be longer than ${LONGEST_OUTPUT} letters; resultsFile holds the whole.`,
      );
    agent.setOutput(name, text);
    return;
  }
  log.info(
    `The output '${name}' is not set, because it would be longer than ${LONGEST_OUTPUT} letters; resultsFile holds the whole.`,
  );
}
