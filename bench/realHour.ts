import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { startEntra } from '../emulator/entra/server';
import { startEmulator } from '../emulator/server';
import { startStep } from '../tests/agent/agent';
import { OTHER_PROJECT } from '../tests/signin/scene';
import { purposeOf, stepOfMany, type Purpose } from '../tests/soak/manyChildren';
import { pollBarely } from './bareScript';
import type { Figure } from './figure';
import { formatted, tableOf } from './table';

const CHILDREN = 500;
const MINUTE_MS = 60_000;
const EVERY_MINUTES = 5;
const PACE_S = 15;
const TOKEN_LIVES_MINUTES = 15;
/** `REAL_HOUR_MINUTES=2` tries it for two minutes, and writes no page. */
const MINUTES = Number(process.env.REAL_HOUR_MINUTES ?? 60);
const PAGE = path.join(__dirname, 'real-hour.md');

interface Sample {
  minute: number;
  rssMb: number;
  bareMb: number;
  requests: number;
}

/**
 * An hour of real time: the bundle as the agent starts it starts 500 runs of an hour and waits for all of them, with tokens that live 15 minutes.
 * Beside it a bare script that polls a single one of them. Writes bench/real-hour.md.
 */
export async function realHour(): Promise<Figure[]> {
  const own = await startEmulator({ organization: 'contoso' });
  const other = await startEmulator({ organization: 'northwind' });
  const entra = await startEntra({ organizations: [other], tokenLifetimeMs: TOKEN_LIVES_MINUTES * MINUTE_MS });
  const load = { children: CHILDREN, durationMs: MINUTES * MINUTE_MS, inputs: { pollingInterval: String(PACE_S) } };
  const begin = Date.now();
  const running = await startStep(await stepOfMany({ own, other, entra }, load));
  let over = false;
  void running.finished.finally(() => (over = true));
  const isOver = () => over;
  while (other.state.runs.length === 0 && !isOver()) await passed(100);
  const { id = 0 } = other.state.runs[0] ?? {};
  const bare = pollBarely(other, { id, pauseMs: PACE_S * 1000, project: OTHER_PROJECT });
  const bareEnded = new Promise((resolve) => bare.once('close', resolve));
  const isBare = ({ path: address }: { path: string }) => address.includes(`builds/${id}?`);
  const calls = () => [...own.calls, ...entra.calls.map((call) => ({ ...call, route: 'login' })), ...other.calls];
  const ownCalls = () => calls().filter((call) => !isBare(call));
  const samples: Sample[] = [];
  for (let minute = 1; !isOver(); minute++) {
    await Promise.race([passed(begin + minute * MINUTE_MS - Date.now()), running.finished]);
    if (isOver() || (minute !== 1 && minute % EVERY_MINUTES)) continue;
    const sample = {
      minute,
      ...{ rssMb: rssMb(running.pid), bareMb: rssMb(bare.pid), requests: ownCalls().length },
    };
    console.log(JSON.stringify(sample));
    samples.push(sample);
  }
  const { result, message = '' } = await running.finished;
  const lastedMs = Date.now() - begin;
  await bareEnded;
  await Promise.all([own.close(), other.close(), entra.close()]);
  if (result !== 'Succeeded' || other.state.runs.length !== CHILDREN)
    throw new Error(`The hour ended ${result} with ${other.state.runs.length} runs: ${message}`);
  const bareRequests = other.calls.filter(isBare).length;
  const ended = { samples, purposes: purposesOf(ownCalls()), signIns: entra.issued.length, bareRequests, lastedMs };
  const figures = figuresOf(ended);
  if (process.env.REAL_HOUR_MINUTES === undefined) fs.writeFileSync(PAGE, await pageOf(ended, figures));
  return figures;
}

interface Ended {
  samples: Sample[];
  purposes: Map<Purpose, number>;
  signIns: number;
  bareRequests: number;
  lastedMs: number;
}

function figuresOf({ samples, purposes, signIns, bareRequests, lastedMs }: Ended): Figure[] {
  const all = [...purposes.values()].reduce((sum, count) => sum + count, 0);
  const [first, last] = [samples.find(({ minute }) => minute >= 10) ?? samples[0], samples.at(-1)];
  const inMb = (value: number | undefined) => `${value?.toFixed(0) ?? '?'} MB`;
  const what = `${CHILDREN} children of ${MINUTES} minutes in real time`;
  // Each child is started by one request and its end read by another. A look is two requests (the ids of 500 runs need two addresses) and five timelines; in the first minute
  // there are up to 40, because only some are started between two of them.
  const looks = 40 + ((MINUTES + 3) * 60) / PACE_S;
  const most = 2 + 2 * CHILDREN + 7 * looks + 2 * signIns;
  return [
    {
      name: `${what}: memory (RSS) after ${first?.minute ?? '?'} minutes and at the end`,
      value: `${inMb(first?.rssMb)}, ${inMb(last?.rssMb)}`,
      baseline: `${inMb(first?.bareMb)}, ${inMb(last?.bareMb)} bare script that polls one of them`,
    },
    {
      name: `${what}: requests`,
      value: String(all),
      baseline: `${bareRequests * CHILDREN} of ${CHILDREN} scripts with ${bareRequests} each`,
      limit: String(Math.ceil(most)),
      note: [...purposes].map(([purpose, count]) => `${purpose} ${count}`).join(', '),
    },
    {
      name: `${what}: sign-ins`,
      value: String(signIns),
      baseline: `1 token of ${TOKEN_LIVES_MINUTES} minutes would have ended after ${TOKEN_LIVES_MINUTES}`,
      limit: String(Math.ceil(lastedMs / (10 * MINUTE_MS))),
      note: 'workload identity; each is renewed 5 minutes before its end',
    },
    {
      name: `${what}: ended by itself after`,
      value: `${(lastedMs / MINUTE_MS).toFixed(1)} minutes`,
      baseline: `${MINUTES} minutes`,
      note: 'the last of them was started a little later',
    },
  ];
}

function pageOf({ samples }: Ended, figures: Figure[]): Promise<string> {
  const series = samples.map(({ minute, rssMb: rss, bareMb, requests }) => [
    String(minute),
    rss.toFixed(1),
    bareMb.toFixed(1),
    String(requests),
  ]);
  return formatted(`# An hour of real time

Made by \`npm run bench -- realHour\`, which takes an hour and is therefore no part of \`npm run bench\`; do not edit. The bundle, started as the agent starts it, starts ${CHILDREN} runs that last an hour each
in another organization, signed in by workload identity with tokens of ${TOKEN_LIVES_MINUTES} minutes, and waits for all of them; beside it a bare script polls one of them at the same pace.

<!-- figures -->

${tableOf(figures)}

<!-- end of figures -->

| minute | RSS of the step in MB | RSS of the bare script in MB | requests of the step by then |
| ---: | ---: | ---: | ---: |
${series.map((row) => `| ${row.join(' | ')} |`).join('\n')}
`);
}

function purposesOf(calls: Parameters<typeof purposeOf>[0][]): Map<Purpose, number> {
  const purposes = new Map<Purpose, number>();
  for (const call of calls) purposes.set(purposeOf(call), (purposes.get(purposeOf(call)) ?? 0) + 1);
  return purposes;
}

/** Resident memory of a process in MB, as `ps` has it. */
function rssMb(pid: number | undefined): number {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
  } catch {
    return NaN;
  }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
