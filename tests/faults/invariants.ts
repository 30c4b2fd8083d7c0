import type { StepResult } from '../agent/agent';
import { spellingIn } from '../agent/leaks';
import type { FaultKind } from './faultKinds';
import type { Strike, Trial } from './trial';

/** The rules that hold whatever fails; the first word of each sentence that says how one is broken. */
export const INVARIANTS = [
  ['twice', 'never two children for one intent'],
  ['success', "never a success without the children's success"],
  ['end', 'a fault that passes changes nothing in the end'],
  ['cancel', 'a cancel reaches every unfinished child'],
  ['cause', 'the message names the cause'],
  ['secret', 'no secret outside its place'],
  ['exit', 'exit code 0 with one task.complete, in time'],
] as const;
export type Invariant = (typeof INVARIANTS)[number][0];
export interface Broken {
  rule: Invariant;
  what: string;
}

const HOUR_MS = 3_600_000;
/** The agent sends SIGTERM after 7.5 s, and kills after 2.5 s more. */
const TO_STOP_MS = 10_000;

/** Every rule that a run of a scenario broke. @param usual what becomes of the scenario when nothing fails. */
export function brokenBy(trial: Trial, strike: Strike | undefined, usual: Trial): Broken[] {
  const kind = strike && 'kind' in strike ? strike.kind : undefined;
  return [
    ...twice(trial),
    ...withoutSuccess(trial),
    ...(kind ? otherEnd(trial, { kind, atRegistry: isAtRegistry(trial, strike) }, usual) : []),
    ...notCanceled(trial, kind),
    ...secrets(trial),
    ...exits(trial, strike),
  ];
}

function twice({ children }: Trial): Broken[] {
  return children.flatMap((child, index) => {
    const before = children.slice(0, index).findLast(({ intent }) => intent === child.intent);
    if (!before || (before.ended && before.ended.result !== 'succeeded' && before.ended.at <= child.startedAt))
      return [];
    return [
      { rule: 'twice' as const, what: `${before.name} (${before.ended?.result ?? 'goes on'}) and ${child.name}` },
    ];
  });
}

function isGood({ result }: StepResult): boolean {
  return result === 'Succeeded' || result === 'SucceededWithIssues';
}

function withoutSuccess({ plan, step, children }: Trial): Broken[] {
  if (!isGood(step)) return [];
  const rule = 'success' as const;
  const latest = new Map(children.map((child) => [child.intent, child]));
  const what = [...(plan.broken?.(step) ?? [])];
  if (latest.size < plan.starts) what.push(`${latest.size} of ${plan.starts} children exist`);
  if (plan.waits ?? true) {
    for (const { name, ended } of latest.values())
      if (ended?.result !== 'succeeded') what.push(`${name} ${ended?.result ?? 'goes on'}`);
  }
  return what.map((text) => ({ rule, what: `${step.result}, but ${text}` }));
}

function isAtRegistry({ requests }: Trial, strike: Strike | undefined): boolean {
  return requests[(strike?.request ?? 0) - 1]?.endsWith(' registry') ?? false;
}

/** A registry that does not answer leaves a verdict open, which is an end of its own; that the log says why is the rule then. */
function otherEnd(
  { step, stopped }: Trial,
  { kind, atRegistry }: { kind: FaultKind; atRegistry: boolean },
  usual: Trial,
): Broken[] {
  const same = step.result === usual.step.result && step.outputs.result === usual.step.outputs.result;
  if (same || (stopped && !isGood(step))) return [];
  const said = [step.message ?? '', ...(atRegistry ? step.log : step.issues.map(({ message }) => message))].join('\n');
  const ended = `${step.result} (${step.outputs.result ?? ''}) instead of ${usual.step.result} (${usual.step.outputs.result ?? ''}): ${step.message ?? ''}`;
  const broken: Broken[] = [];
  if (kind.passes && !atRegistry) broken.push({ rule: 'end', what: ended });
  // Of a registry every answer is held against the digest that was asked for.
  const isNamed = kind.cause.test(said) || (atRegistry && said.includes('does not have the digest'));
  if (!isNamed) broken.push({ rule: 'cause', what: atRegistry ? `${ended} ${step.log.join(' / ')}` : ended });
  return broken;
}

function notCanceled({ plan, step, postJob, stopped, children }: Trial, kind: FaultKind | undefined): Broken[] {
  if (!stopped || !postJob || plan.step.inputs.cancelWithParent === 'false') return [];
  const said = [...step.issues, ...postJob.issues].map(({ message }) => message).join('\n');
  // Where the cancellation itself is refused for good, it is said which child goes on.
  const isSaid = (name: string) => kind !== undefined && !kind.passes && said.includes(name.split(' ')[0] ?? name);
  return children
    .filter(({ ended, cancelAsked, name }) => !ended && !cancelAsked && !isSaid(name))
    .map(({ name }) => ({ rule: 'cancel', what: `${name} goes on after the cancel` }));
}

function secrets({ step, postJob, heardByStranger, files, secrets: known }: Trial): Broken[] {
  const found = [...step.leaks, ...(postJob?.leaks ?? [])];
  for (const secret of known) {
    for (const text of heardByStranger) if (spellingIn(text, secret)) found.push(`a stranger heard '${text}'`);
    for (const { name, text } of files) if (spellingIn(text, secret)) found.push(`the file ${name} holds a secret`);
  }
  return found.map((what) => ({ rule: 'secret', what }));
}

const DEFECT = /defect of the task|undefined|\[object |\bNaN\b|TypeError|ReferenceError|^\s+at .*\(.*:\d+:\d+\)/m;

function exits({ step, postJob, stuck, lastedMs, plan }: Trial, strike: Strike | undefined): Broken[] {
  const what: string[] = [];
  if (stuck) what.push('nothing is left that could happen, and the step has not ended');
  const killed = strike && 'stop' in strike && strike.stop.startsWith('SIGKILL');
  for (const one of [step, postJob]) {
    if (!one || (one === step && killed && one.signal === 'SIGKILL')) continue;
    const verdicts = one.commands.filter(({ area, event }) => `${area}.${event}` === 'task.complete');
    if (one.exitCode !== 0) what.push(`exit code ${one.exitCode ?? 'none'} ${one.signal ?? ''}`);
    const expected = one === step && killed ? [0, 1, 2] : [1];
    if (!expected.includes(verdicts.length)) what.push(`${verdicts.length} times task.complete`);
    const text = [one.message ?? '', ...one.log.filter((line) => !line.startsWith('##[debug]'))].join('\n');
    const defect = DEFECT.exec(text);
    if (defect) what.push(`it says '${text.slice(Math.max(0, defect.index - 80), defect.index + 160)}'`);
    const complaint = one.log.find((line) =>
      /logging command keyword|Unable to process command|Cannot find command/.test(line),
    );
    if (complaint) what.push(`the agent complains: ${complaint}`);
    what.push(...one.prematureProblems);
  }
  if (postJob && postJob.result !== 'Succeeded') what.push(`post-job ${postJob.result}: ${postJob.message ?? ''}`);
  if (lastedMs > 3 * HOUR_MS + (plan.cancelAfterMs ?? 0))
    what.push(`it lasted ${Math.round(lastedMs / 60_000)} minutes`);
  if (strike && 'stop' in strike && strike.stop === 'SIGINT, then post-job' && step.signal)
    what.push(`it was killed: it did not end within ${TO_STOP_MS / 1000} s`);
  return what.map((text) => ({ rule: 'exit', what: text }));
}
