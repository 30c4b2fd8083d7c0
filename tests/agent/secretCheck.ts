import { parseCommand } from './command';
import { isTrue } from './commandArea';
import { type KnownSecret, spellingIn } from './leaks';
import type { StepRecord } from './stepRecord';
import type { StreamName } from './taskProcess';

export interface RawLine {
  stream: StreamName;
  line: string;
}

export interface Leaks {
  /** Secrets that left the process where a masker may not be: one sentence each. */
  leaks: string[];
  /** Secrets as they are in `task.debug` lines: task-lib itself writes what it reads there, and the agent masks it. */
  debugLeaks: string[];
}

/**
 * Looks for secrets in what a step gave away: raw output, issues (which are raw output), attachments, summaries, public outputs.
 * A value that the step made a secret counts in the lines after that.
 */
export function findLeaks(record: StepRecord, raw: RawLine[]): Leaks {
  const leaks = new Set<string>();
  const debugLeaks = new Set<string>();
  const known: KnownSecret[] = [...record.job.secrets];
  for (const { stream, line } of raw) {
    const command = parseCommand(line);
    const name = command === undefined ? undefined : `${command.area}.${command.event}`.toLowerCase();
    const { issecret, field } = command?.properties ?? {};
    const setsVariable = name === 'task.setvariable' || name === 'task.settaskvariable';
    const setsEndpoint = name === 'task.setendpoint' && field?.toLowerCase() === 'authparameter';
    if (command && (name === 'task.setsecret' || (setsVariable && isTrue(issecret)) || setsEndpoint)) {
      known.push({ name: `a value that the step made a secret`, value: command.data });
      continue;
    }
    const texts = command === undefined ? [line] : [line, command.data, ...Object.values(command.properties)];
    for (const secret of known) {
      const spelling = firstSpelling(texts, secret);
      if (spelling === undefined) continue;
      const masked = name === 'task.debug' && spelling === 'as it is';
      const place = `${stream}${name === undefined ? '' : ` (${name})`}`;
      (masked ? debugLeaks : leaks).add(`${secret.name}, ${spelling}, in ${place}: ${record.job.masker.mask(line)}`);
    }
  }
  for (const { place, text } of handedOver(record)) {
    for (const secret of known) {
      const spelling = spellingIn(text, secret.value);
      if (spelling !== undefined) leaks.add(`${secret.name}, ${spelling}, in ${place}`);
    }
  }
  return { leaks: [...leaks], debugLeaks: [...debugLeaks] };
}

function firstSpelling(texts: string[], secret: KnownSecret): string | undefined {
  return texts.map((text) => spellingIn(text, secret.value)).find((spelling) => spelling !== undefined);
}

function handedOver(record: StepRecord): { place: string; text: string }[] {
  const isPublic = ([name]: [string, string]) => !record.secretNames.has(name);
  return [
    ...record.attachments.map(({ name, content }) => ({ place: `the attachment '${name}'`, text: content })),
    ...record.summaries.map(({ name, markdown }) => ({ place: `the summary '${name}'`, text: markdown })),
    ...Object.entries(record.outputs)
      .filter(isPublic)
      .map(([name, text]) => ({ place: `the output '${name}'`, text })),
    ...Object.entries(record.variables)
      .filter(isPublic)
      .map(([name, text]) => ({ place: `the variable '${name}'`, text })),
  ];
}
