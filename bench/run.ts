/** `npm run bench` measures all and prints one table; `npm run bench -- <name> …` measures only what is named. */
import { cancel } from './cancel';
import type { Figure } from './figure';
import { longChild } from './longChild';
import { packageSize } from './packageSize';
import { requests } from './requests';
import { shortChild } from './shortChild';
import { staleCheck } from './staleCheck';
import { startUp } from './startUp';

const BENCHES: Record<string, () => Promise<Figure[]>> = {
  startUp,
  packageSize,
  requests,
  shortChild,
  longChild,
  cancel,
  staleCheck,
};

async function main(wanted: string[]): Promise<void> {
  const unknown = wanted.find((name) => !BENCHES[name]);
  if (unknown) throw new Error(`There is no bench '${unknown}'; there are ${Object.keys(BENCHES).join(', ')}.`);
  const rows: string[][] = [['', 'measured', 'beside', '']];
  // One after the other: what runs beside a measurement changes it.
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length && !wanted.includes(name)) continue;
    for (const figure of await bench()) rows.push([figure.name, figure.value, figure.baseline, figure.note ?? '']);
  }
  print(rows);
}

function print(rows: string[][]): void {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    );
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
