import type { Fault } from '../../emulator/faults';

/** One way in which a request fails. */
export interface FaultKind {
  name: string;
  fault: Omit<Fault, 'match'>;
  /** It passes: a step that is patient ends as if it had not been. */
  passes: boolean;
  /** What a message has to hold that blames it. */
  cause: RegExp;
  /** No end of the answer comes by itself, or only after time that has to pass. */
  holds?: boolean;
}

const PAGE = '<html><head><title>Under maintenance</title></head><body><h1>Come back later</h1></body></html>';
const REASON = { message: 'TF400898: An Internal Error Occurred.', typeKey: 'InternalException' };
const LOST = /ECONNRESET|socket hang up|aborted|connection|no answer/i;
const SILENCE = /no answer within|ETIMEDOUT|Request timeout|before an answer came|cannot be reached/;

function status(code: number, name: string, passes = true): FaultKind[] {
  const cause = new RegExp(`\\b${code}\\b`);
  return [
    { name: `${name} before`, fault: { kind: 'status', status: code, body: REASON }, passes, cause },
    { name: `${name} after`, fault: { kind: 'statusAfter', status: code, body: REASON }, passes, cause },
  ];
}

/** Every way in which a request is made to fail, once. @param stranger address of a host that is none of the organization's. */
export function faultKinds(stranger: string): FaultKind[] {
  const page = { 'content-type': 'text/html; charset=utf-8' };
  const elsewhere = { location: `${stranger}elsewhere?of=redirect` };
  const throttled = { message: 'TF400733: The request has been canceled: Request was blocked.' };
  return [
    { name: 'reset before', fault: { kind: 'drop' }, passes: true, cause: LOST },
    { name: 'reset after', fault: { kind: 'dropAfter' }, passes: true, cause: LOST },
    ...status(408, '408'),
    {
      name: '429 with Retry-After',
      fault: { kind: 'status', status: 429, headers: { 'retry-after': '7' }, body: throttled },
      passes: true,
      cause: /\b429\b/,
    },
    { name: '429', fault: { kind: 'status', status: 429, body: throttled }, passes: true, cause: /\b429\b/ },
    ...status(500, '500'),
    {
      name: '502 page before',
      fault: { kind: 'status', status: 502, body: PAGE, headers: page },
      passes: true,
      cause: /\b502\b/,
    },
    {
      name: '502 page after',
      fault: { kind: 'statusAfter', status: 502, body: PAGE, headers: page },
      passes: true,
      cause: /\b502\b/,
    },
    ...status(503, '503'),
    {
      name: 'HTML 200 before',
      fault: { kind: 'status', status: 200, body: PAGE, headers: page },
      passes: false,
      cause: /sign-in page|page|no JSON|maintenance/i,
    },
    {
      name: 'HTML 200 after',
      fault: { kind: 'statusAfter', status: 200, body: PAGE, headers: page },
      passes: false,
      cause: /sign-in page|page|no JSON|maintenance/i,
    },
    { name: '203', fault: { kind: 'signIn203' }, passes: false, cause: /203|sign-in page/ },
    { name: 'truncated body', fault: { kind: 'truncate' }, passes: true, cause: LOST },
    {
      name: 'no JSON',
      fault: { kind: 'garbage' },
      passes: false,
      cause: /no JSON|cannot be read|cannot be unpacked|no token|digest/,
    },
    { name: 'wrong content type', fault: { kind: 'wrongType' }, passes: true, cause: /text\/plain/ },
    {
      name: 'HTML content type',
      fault: { kind: 'wrongType', headers: { 'content-type': 'text/html' } },
      passes: false,
      cause: /sign-in page|page/,
    },
    { name: '30 s of silence', fault: { kind: 'slow', ms: 30_000 }, passes: true, cause: SILENCE, holds: true },
    { name: 'silence before', fault: { kind: 'silence' }, passes: true, cause: SILENCE, holds: true },
    { name: 'silence after', fault: { kind: 'silenceAfter' }, passes: true, cause: SILENCE, holds: true },
    { name: 'slow drip', fault: { kind: 'drip', ms: 3000 }, passes: true, cause: SILENCE, holds: true },
    {
      name: '302 to another host',
      fault: { kind: 'status', status: 302, headers: elsewhere },
      passes: false,
      cause: /redirect|sign-in page|cannot be unpacked|\b302\b/,
    },
    {
      name: '307 to another host',
      fault: { kind: 'status', status: 307, headers: elsewhere },
      passes: false,
      cause: /redirect|sign-in page|cannot be unpacked|\b307\b/,
    },
    { name: 'duplicate answer', fault: { kind: 'duplicate' }, passes: true, cause: LOST },
  ];
}
