import type { Child } from '../lib/runs/child';
import { endOf } from '../lib/runs/child';
import { verdictOf, type Verdict } from '../lib/verdict';
import type { CheckedDockerfile } from './checked';
import type { Inputs } from './inputs';
import { NOT_DECIDED } from './verdicts';

const RANK: Verdict['result'][] = ['Succeeded', 'SucceededWithIssues', 'Failed'];
const NAMED = 3;

/** What images and rebuilds make of the step. Pure. */
export function verdictOfCheck(
  dockerfiles: readonly CheckedDockerfile[],
  children: readonly Child[],
  inputs: Pick<Inputs, 'onStale' | 'onUnknown' | 'waiting'>,
): Verdict {
  const stale = dockerfiles.filter(({ verdict }) => verdict === 'stale');
  const open = dockerfiles.filter(({ verdict }) => NOT_DECIDED.includes(verdict));
  const runs = children.length ? verdictOf(children.map(endOf), inputs.waiting) : undefined;
  const results: Verdict['result'][] = [
    stale.length ? byPolicy(inputs.onStale) : 'Succeeded',
    open.length ? byPolicy(inputs.onUnknown) : 'Succeeded',
    runs?.result ?? 'Succeeded',
  ];
  const sentences = [
    `${stale.length} of ${dockerfiles.length} images ${stale.length === 1 ? 'is' : 'are'} stale${named(stale)}.`,
    ...(open.length ? [`${open.length} could not be judged${named(open)}.`] : []),
    ...(runs ? [runs.message] : []),
  ];
  return {
    result: results.sort((a, b) => RANK.indexOf(b) - RANK.indexOf(a))[0] ?? 'Succeeded',
    message: sentences.join(' '),
  };
}

function byPolicy(policy: Inputs['onStale'] | Inputs['onUnknown']): Verdict['result'] {
  return policy === 'fail' ? 'Failed' : policy === 'warn' ? 'SucceededWithIssues' : 'Succeeded';
}

function named(dockerfiles: readonly CheckedDockerfile[]): string {
  if (!dockerfiles.length) return '';
  const rest = dockerfiles.length > NAMED ? `; and ${dockerfiles.length - NAMED} more` : '';
  return `: ${dockerfiles
    .slice(0, NAMED)
    .map(({ path, reason }) => `${path} (${reason})`)
    .join('; ')}${rest}`;
}
