import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { Figure } from './figure';

const HEAD = ['Figure', 'Measured', 'Beside', 'At most', ''];

/** The cells of a figure, in the order of the table. */
export function cellsOf({ name, value, baseline, limit = '', note = '' }: Figure): string[] {
  return [name, value, baseline, limit, note];
}

/** Figures as a Markdown table. */
export function tableOf(figures: Figure[]): string {
  return [HEAD, HEAD.map(() => '---'), ...figures.map(cellsOf)]
    .map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n');
}

/** Markdown as `npm run format` leaves it: a page that a command writes has to pass the check. */
export async function formatted(markdown: string): Promise<string> {
  const options = await resolveConfig(path.join(__dirname, 'README.md'));
  return format(markdown, { ...options, parser: 'markdown' });
}
