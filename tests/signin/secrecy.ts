import assert from 'node:assert/strict';
import type { Call } from '../../emulator/calls';
import type { Entra } from '../../emulator/entra/server';
import type { StepResult } from '../agent/agent';
import { parseCommand } from '../agent/command';
import { spellingIn } from '../agent/leaks';

/** A secret by name, and the only places where it may be found: 'emulator authorization', 'entra form client_secret' … */
export interface Guarded {
  name: string;
  value: string;
  allowed: string[];
}

interface Sent {
  place: string;
  text: string;
}

/** What a server received, part by part. */
export function sentTo(server: string, calls: (Call | Entra['calls'][number])[]): Sent[] {
  return calls.flatMap((call) => {
    const body = 'form' in call ? undefined : JSON.stringify(call.body ?? '');
    return [
      { place: `${server} path`, text: decodeURIComponent(call.path) },
      ...Object.entries(call.headers).map(([name, text]) => ({ place: `${server} ${name}`, text: plain(text) })),
      ...('form' in call ? Object.entries(call.form) : []).map(([name, text]) => ({
        place: `${server} form ${name}`,
        text,
      })),
      ...(body === undefined ? [] : [{ place: `${server} body`, text: body }]),
    ];
  });
}

/** Basic is readable by all who see it. */
function plain(header: string): string {
  const [scheme = '', value = ''] = header.split(' ');
  return /^basic$/i.test(scheme) ? Buffer.from(value, 'base64').toString() : header;
}

/** Throws for a secret, plain, in base64 or URI-encoded, that was printed or sent where it does not belong. */
export function assertGuarded(step: StepResult, sent: Sent[], secrets: Guarded[]): void {
  assert.deepEqual(step.leaks, []);
  const found: string[] = [];
  for (const { name, value, allowed } of secrets) {
    assert.ok(value.length > 5, `${name} is a secret that can be looked for`);
    for (const { line } of step.raw) {
      const command = parseCommand(line);
      if (command?.event.toLowerCase() === 'setsecret') continue;
      // What task-lib itself reads it writes into debug lines, which the agent masks.
      if (command?.event.toLowerCase() === 'debug' && step.job.masker.mask(line) !== line) continue;
      if (spellingIn(line, value)) found.push(`${name} was printed: ${line}`);
    }
    for (const { place, text } of sent)
      if (spellingIn(text, value) && !allowed.includes(place)) found.push(`${name} was sent in ${place}`);
  }
  assert.deepEqual(found, []);
}

/** The order that counts: whatever is printed at all comes after the agent was told that it is a secret. */
export function assertTold(step: StepResult, secrets: string[]): void {
  const told = step.raw.map(({ line }) => parseCommand(line)).filter((command) => command?.event === 'setsecret');
  const values = new Set(told.map((command) => command?.data));
  for (const value of secrets) assert.ok(values.has(value), `the agent was told: ${value.slice(0, 12)}…`);
}
