import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const FILE = path.join(__dirname, 'README.md');
const [BEGIN, END] = ['<!-- figures -->', '<!-- end of figures -->'];

/** Puts the table of one run between the marks of bench/README.md, with what it was measured on; gives the file's path in the project. */
export function writePage(rows: string[][]): string {
  const text = fs.readFileSync(FILE, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${FILE} has no place for the figures: ${BEGIN} … ${END}.`);
  const machine = `Measured on ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()}, Node.js ${process.versions.node}.`;
  const table = [['Figure', 'Measured', 'Beside', 'At most', ''], ['---', '---', '---', '---', '---'], ...rows]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
  fs.writeFileSync(FILE, `${text.slice(0, begin + BEGIN.length)}\n\n${machine}\n\n${table}\n\n${text.slice(end)}`);
  return path.relative(path.join(__dirname, '..'), FILE);
}
