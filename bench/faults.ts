/**
 * `npm run faults`: the whole campaign, on all cores, and its page bench/faults.md. `npm run faults -- <part of a scenario's name>` runs only those
 * scenarios and writes no page; `FAULTS_MINUTES` ends it early, and the page says so. Every broken rule is printed; the exit code says
 * whether there was one.
 */
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runCampaign, textOf, type Struck } from '../tests/faults/campaign';
import { scenarios } from '../tests/faults/scenarios/all';
import { pageOf } from '../tests/faults/table';

/** Each of so many passes goes through all scenarios, so that a part of the campaign is spread evenly. */
const PASSES = 8;
const endsAt = Date.now() + Number(process.env.FAULTS_MINUTES ?? 600) * 60_000;
const PAGE = path.join(__dirname, 'faults.md');

async function main(part: string | undefined): Promise<void> {
  const count = Math.max(1, os.availableParallelism());
  const begin = Date.now();
  const all: Struck[] = [];
  const onStruck = (struck: Struck) => {
    all.push(struck);
    for (const broken of struck.broken)
      console.log(`${struck.scenario}, request ${struck.request} (${struck.route}), ${struck.what}: ${textOf(broken)}`);
    if (all.length % 1000 === 0) console.log(`${all.length} runs …`);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => worker({ part, count, index }, onStruck)));
  const order = new Map(scenarios.map(({ name }, index) => [name, index]));
  all.sort((a, b) => (order.get(a.scenario) ?? 0) - (order.get(b.scenario) ?? 0));
  const broken = all.filter((struck) => struck.broken.length).length;
  console.log(`${all.length} runs, ${broken} with broken rules, in ${Math.round((Date.now() - begin) / 1000)} s.`);
  if (part === undefined) fs.writeFileSync(PAGE, pageOf(all, Date.now() < endsAt));
  process.exitCode = broken ? 1 : 0;
}

interface Part {
  part: string | undefined;
  count: number;
  index: number;
}

/** A share of the campaign in a process of its own. */
function worker({ part, count, index }: Part, onStruck: (struck: Struck) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(__filename, ['--share', String(index), String(count), part ?? '']);
    child.on('message', (message) => onStruck(message as Struck));
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`A worker ended with ${code ?? 'a signal'}.`)),
    );
  });
}

async function share([first = '0', every = '1', part = '']: string[]): Promise<void> {
  const chosen = scenarios.filter(({ name }) => name.toLowerCase().includes(part.toLowerCase()));
  for (let pass = 0; pass < PASSES && Date.now() < endsAt; pass++) {
    await runCampaign(chosen, {
      share: { first: Number(first) + Number(every) * pass, every: Number(every) * PASSES },
      isOver: () => Date.now() >= endsAt,
      onStruck: (struck) => process.send?.(struck),
    });
  }
  process.disconnect();
}

const [first, ...rest] = process.argv.slice(2);
void (first === '--share' ? share(rest) : main(first)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
