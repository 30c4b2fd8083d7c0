import type { Struck } from './campaign';
import { INVARIANTS } from './invariants';

/** Columns of the table: a heading, and by what the names of its strikes begin. */
const FAMILIES: [heading: string, begin: RegExp][] = [
  ['reset', /^reset/],
  ['408', /^408/],
  ['429', /^429/],
  ['500', /^500/],
  ['502', /^502/],
  ['503', /^503/],
  ['HTML 200', /^HTML 200/],
  ['203', /^203/],
  ['truncated', /^truncated/],
  ['no JSON, wrong type', /^no JSON|content type/],
  ['silence', /silence/],
  ['drip', /drip/],
  ['redirect', /another host/],
  ['duplicate', /^duplicate/],
  ['SIGINT', /^SIGINT/],
  ['SIGTERM', /^SIGTERM/],
  ['SIGKILL', /^SIGKILL, then post-job/],
  ['SIGKILL, again', /^SIGKILL, then again/],
];

/** The page that a campaign leaves: counts by scenario and kind. Nothing in it depends on the day or the machine. */
export function pageOf(all: Struck[], isWhole: boolean): string {
  const counted = all.filter(({ counts }) => counts);
  const names = [...new Set(all.map(({ scenario }) => scenario))];
  const row = (name: string, of: Struck[]) => [
    name,
    String(new Set(of.map(({ request }) => request)).size),
    ...FAMILIES.map(([, begin]) => String(of.filter(({ what }) => begin.test(what)).length)),
    String(of.length),
    String(of.filter(({ broken }) => broken.length).length),
  ];
  const rows = names.map((name) =>
    row(
      name,
      counted.filter(({ scenario }) => scenario === name),
    ),
  );
  const sum = (rows[0] ?? []).map((_, column) =>
    column ? String(rows.reduce((total, cells) => total + Number(cells[column]), 0)) : 'all',
  );
  const broken = counted.flatMap(({ broken: list }) => list);
  return `# The fault campaign

Made by \`npm run faults\`; do not edit. Each number counts runs of the shipped bundle in which one request of a scenario failed in one way, or the step was stopped at it (before the request took effect, before its answer, after it), every one a
distinct pair of request and fault. Time is virtual, sockets are real. After \`SIGKILL, again\` the step ran a second time; after every other stop its post-job part ran in the cancelled job.

${counted.length} runs, ${broken.length} broken rules.${isWhole ? '' : ' The campaign was ended by its time limit: an evenly spread part of all runs.'}

${tableOf([['scenario', 'requests', ...FAMILIES.map(([heading]) => heading), 'sum', 'broken'], ...rows, sum])}

What has to hold after each:

${tableOf([['rule', 'broken'], ...INVARIANTS.map(([rule, text]) => [text, String(broken.filter((one) => one.rule === rule).length)])])}
`;
}

function tableOf([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
