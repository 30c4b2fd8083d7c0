/**
 * `npm run bench` measures all and prints one table; `npm run bench -- <name> …` measures only what is named; with `--page` all is
 * measured and bench/README.md is written anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { agents } from './agents';
import { cancel } from './cancel';
import { dockerfiles } from './dockerfiles';
import type { Figure } from './figure';
import { longChild } from './longChild';
import { looks } from './looks';
import { packages } from './packages';
import { packageSize } from './packageSize';
import { writePage } from './page';
import { realHour } from './realHour';
import { requests } from './requests';
import { shortChild } from './shortChild';
import { soakFor48Hours } from './soak';
import { staleCheck } from './staleCheck';
import { startUp } from './startUp';
import { startUpProfile } from './startUpProfile';
import { tab } from './tab';
import { cellsOf } from './table';

const BENCHES: Record<string, () => Promise<Figure[]>> = {
  startUp,
  startUpProfile,
  packageSize,
  requests,
  looks,
  shortChild,
  longChild,
  cancel,
  soak: soakFor48Hours,
  dockerfiles,
  staleCheck,
  packages,
  tab,
  agents,
};

/** Only by name: nobody wants to wait for these on the way. */
const LONG: typeof BENCHES = { realHour };

const LONGEST_MS = { usual: 15 * 60_000, long: 2 * 3_600_000 };
const failed: string[] = [];

async function main(args: string[]): Promise<void> {
  const wanted = args.filter((arg) => arg !== '--page');
  const all = { ...BENCHES, ...LONG };
  const unknown = wanted.find((name) => !all[name]);
  if (unknown) throw new Error(`There is no bench '${unknown}'; there are ${Object.keys(all).join(', ')}.`);
  const page = args.includes('--page');
  if (page && wanted.length) throw new Error('--page is for all figures: the page has them from one run.');
  const figures: Figure[] = [];
  // One after the other: what runs beside a measurement changes it.
  for (const [name, bench] of Object.entries(wanted.length ? all : BENCHES)) {
    if (!wanted.length || wanted.includes(name)) figures.push(...(await measured(name, bench)));
  }
  print([['', 'measured', 'beside', 'at most', ''], ...figures.map(cellsOf)]);
  if (page) console.log(`Written to ${await writePage(figures)}.`);
  if (failed.length) throw new Error(`Not measured: ${failed.join(', ')}.`);
}

/** A part that cannot run here, or hangs, is a row that says so: the others are worth having. */
async function measured(name: string, bench: () => Promise<Figure[]>): Promise<Figure[]> {
  const limit = new AbortController();
  const longestMs = name in LONG ? LONGEST_MS.long : LONGEST_MS.usual;
  const late = sleep(longestMs, undefined, { signal: limit.signal, ref: false }).then(() => {
    throw new Error(`it took longer than ${longestMs / 60_000} minutes`);
  });
  console.error(`${name} …`);
  try {
    return await Promise.race([bench(), late]);
  } catch (error) {
    failed.push(name);
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return [{ name, value: `not measured: ${reason}`, baseline: '' }];
  } finally {
    limit.abort();
  }
}

function print(rows: string[][]): void {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    );
}

void main(process.argv.slice(2))
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  })
  // What a part that took too long still holds does not hold the command.
  .finally(() => process.exit());
