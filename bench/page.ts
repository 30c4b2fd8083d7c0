import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Figure } from './figure';
import { formatted, tableOf } from './table';

const FILE = path.join(__dirname, 'README.md');
/** What takes too long for every run: its figures are those of its own last run. */
const REAL_HOUR = path.join(__dirname, 'real-hour.md');
const [BEGIN, END] = ['<!-- figures -->', '<!-- end of figures -->'];

/**
 * Puts the table of one run between the marks of bench/README.md, with what it was measured on, and the last figures of the hour in real time
 * behind it; gives the file's path in the project.
 */
export async function writePage(figures: Figure[]): Promise<string> {
  const text = fs.readFileSync(FILE, 'utf8');
  const { before, after } = partsOf(text, FILE);
  const machine = `Measured on ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()}, Node.js ${process.versions.node}.`;
  const page = `${before}${BEGIN}\n\n${machine}\n\n${tableOf(figures)}\n\n${realHour()}\n\n${END}${after}`;
  fs.writeFileSync(FILE, await formatted(page));
  return path.relative(path.join(__dirname, '..'), FILE);
}

function realHour(): string {
  if (!fs.existsSync(REAL_HOUR))
    return '`npm run bench -- realHour` has not left its figures of an hour in real time yet.';
  const { between } = partsOf(fs.readFileSync(REAL_HOUR, 'utf8'), REAL_HOUR);
  return `The hour in real time is a run of its own (\`npm run bench -- realHour\`), whose last figures are these; [real-hour.md](real-hour.md) has its memory by the minute.\n\n${between.trim()}`;
}

function partsOf(text: string, file: string): { before: string; between: string; after: string } {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for the figures: ${BEGIN} … ${END}.`);
  return {
    ...{ before: text.slice(0, begin), between: text.slice(begin + BEGIN.length, end) },
    after: text.slice(end + END.length),
  };
}
