/**
 * Asks the registry for known vulnerabilities of what is shipped (not of the tools that build it), and says the answer in a line.
 * Ends with 0 where none is serious, 1 where one is, 2 where the registry answers no such questions.
 */
import { spawnSync } from 'node:child_process';

const { status, stdout } = spawnSync('npm', ['audit', '--json', '--omit=dev', '--audit-level=high'], {
  cwd: new URL('..', import.meta.url),
  encoding: 'utf8',
  shell: process.platform === 'win32',
  timeout: 120_000,
});

/** Counts by level and their sum, or undefined where there was no answer. */
function countsIn(text) {
  try {
    return JSON.parse(text).metadata?.vulnerabilities;
  } catch {
    return undefined;
  }
}

const counts = countsIn(stdout);
if (!counts) {
  console.log('the registry answers no questions about known vulnerabilities');
  process.exitCode = 2;
} else {
  const { total, ...levels } = counts;
  const found = Object.entries(levels).filter(([, count]) => count);
  console.log(total ? found.map(([level, count]) => `${count} ${level}`).join(', ') : 'no known vulnerability');
  if (status) console.log('`npm audit --omit=dev` names them; `npm audit fix` takes the versions that mend them.');
  process.exitCode = status ? 1 : 0;
}
