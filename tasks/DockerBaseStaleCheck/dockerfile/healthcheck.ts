import { readFlags } from './flags';
import { quote, Refusal } from './refusal';

const DURATIONS = ['interval', 'timeout', 'start-period', 'start-interval'] as const;

/** Refuses a HEALTHCHECK that BuildKit refuses; the check itself has no part in what an image is built from. */
export function checkHealthcheck([written, ...command]: readonly string[], flags: readonly string[]): void {
  if (written === undefined) throw new Refusal('HEALTHCHECK requires at least one argument');
  const type = written.toUpperCase();
  if (type === 'NONE') {
    if (command.length > 0) throw new Refusal('HEALTHCHECK NONE takes no arguments');
    return;
  }
  const values = readFlags(flags, {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  });
  if (type !== 'CMD') throw new Refusal(`Unknown type ${quote(type)} in HEALTHCHECK (try CMD)`);
  if (command.length === 0) throw new Refusal('Missing command after HEALTHCHECK CMD');
  for (const name of DURATIONS) checkDuration(name, values.get(name)?.[0] ?? '');
  checkRetries(values.get('retries')?.[0] ?? '');
}

const NANOSECONDS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

function checkDuration(flag: string, written: string): void {
  if (written === '') return;
  const nanoseconds = readDuration(written);
  if (nanoseconds !== 0 && nanoseconds < 1e6) {
    throw new Refusal(`Interval ${quote(flag)} cannot be less than 1ms`);
  }
}

/** A duration as Go writes it (`1m30s`), in nanoseconds. */
function readDuration(written: string): number {
  const invalid = new Refusal(`time: invalid duration ${quote(written)}`);
  const sign = written.startsWith('-') ? -1 : 1;
  let rest = written.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw invalid;
  let sum = 0;
  while (rest !== '') {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) throw invalid;
    rest = rest.slice(number.length);
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw new Refusal(`time: missing unit in duration ${quote(written)}`);
    const size = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit] : undefined;
    if (size === undefined) throw new Refusal(`time: unknown unit ${quote(unit)} in duration ${quote(written)}`);
    rest = rest.slice(unit.length);
    sum += Math.trunc(Number(number) * size);
  }
  // 2^63 nanoseconds are 292 years.
  if (sum >= 2 ** 63) throw invalid;
  return sign * sum;
}

function checkRetries(written: string): void {
  if (written === '') return;
  const failed = (reason: string) => new Refusal(`strconv.ParseInt: parsing ${quote(written)}: ${reason}`);
  if (!/^[-+]?\d+$/.test(written)) throw failed('invalid syntax');
  const retries = Number(written);
  if (retries > 2 ** 31 - 1 || retries < -(2 ** 31)) throw failed('value out of range');
  if (retries < 0) throw new Refusal(`--retries cannot be negative (${retries})`);
}
