#!/usr/bin/env node
// Builds a real Kubernetes API server and its controller manager, and fetches etcd and kubectl, for the tests of the orchestrator.
// Debian packages no API server, but the source package of its kubectl holds all of Kubernetes. Everything is kept in a cache outside
// the clone; nothing is installed, so no root is needed. Takes about five minutes of two cores and 1.5 GB of memory, once.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const version = '1.20.2';
const release = 'bookworm';
const built = ['kube-apiserver', 'kube-controller-manager'];
const fetched = ['etcd', 'kubectl'];
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pipeline-cascade', 'kube', version);
const bin = join(cache, 'bin');
// Its own, for two may build at once.
const work = join(cache, `work-${process.pid}`);
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

if (process.argv.includes('--check')) {
  process.exitCode = [...built, ...fetched].every(isThere) ? 0 : 1;
} else if ([...built, ...fetched].every(isThere)) {
  console.log(`Kubernetes ${version} is already built: ${bin}`);
} else {
  make();
  console.log(`Kubernetes ${version} is built: ${bin}`);
}

function isThere(program) {
  return existsSync(join(bin, program));
}

function make() {
  const missing = ['apt-get', 'dpkg-source', 'dpkg-deb', 'make', 'rsync', 'jq', 'bash'].filter((tool) => !onPath(tool));
  if (missing.length > 0) lack(`${missing.join(', ')} not found: apt-get install dpkg-dev make rsync jq`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const apt = ownApt();
  say('Fetching the package lists');
  run('apt-get', [...apt, 'update'], { otherwise: lack });
  const servers = built.every(isThere) ? built.map((program) => join(bin, program)) : build(apt);
  say('Fetching etcd and kubectl');
  unpack(apt, ['etcd-server', 'kubernetes-client']);
  keep([...servers, ...fetched.map((program) => join(work, 'root/usr/bin', program))]);
}

/** Builds the servers from Debian's source package with Debian's Go; gives where they are. */
function build(apt) {
  say('Fetching Kubernetes and Go');
  run('apt-get', [...apt, 'source', '--only-source', 'kubernetes']);
  unpack(apt, ['golang-1.19-go', 'golang-1.19-src']);
  const source = readdirSync(work).find((name) => /^kubernetes-[\d.]+/.test(name) && !name.includes('.orig'));
  if (source === undefined) stop('The source package held no Kubernetes.');
  const tree = join(work, source);
  mkdirSync(join(tree, '.go/src/k8s.io'), { recursive: true });
  symlinkSync('../../..', join(tree, '.go/src/k8s.io/kubernetes'));
  say('Building: about five minutes');
  run('make', [`WHAT=${built.map((program) => `cmd/${program}`).join(' ')}`], {
    cwd: tree,
    env: {
      ...process.env,
      PATH: [join(work, 'root/usr/lib/go-1.19/bin'), process.env.PATH].join(delimiter),
      GOROOT: join(work, 'root/usr/lib/go-1.19'),
      GOPATH: join(tree, '.go'),
      GOCACHE: join(work, 'go-build'),
      GOFLAGS: '',
      CGO_ENABLED: '0',
    },
  });
  return built.map((program) => join(tree, '_output/bin', program));
}

/** Unpacks packages below `root`, without installing them. */
function unpack(apt, packages) {
  run('apt-get', [...apt, 'download', ...packages]);
  for (const deb of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
    run('dpkg-deb', ['-x', deb, 'root']);
    rmSync(join(work, deb));
  }
}

/** Options for an apt of our own: the machine's package sources of this release, with their source packages, and lists of its own. */
function ownApt() {
  const format = '$(REPO_URI)|$(CODENAME)|$(RELEASE)|$(COMPONENT)';
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const lines = new Set();
  for (const target of targets.split('\n')) {
    const [uri, codename, suite, component] = target.split('|');
    if (!codename?.startsWith(release) || component !== 'main') continue;
    const source = `${uri} ${suite} ${component}`;
    lines.add(`deb ${source}`).add(`deb-src ${source}`);
  }
  if (lines.size === 0) lack(`apt knows no packages of Debian ${release}: run apt-get update, or build on Debian 12.`);
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(work, folder), { recursive: true });
  writeFileSync(join(work, 'sources.list'), [...lines, ''].join('\n'));
  const options = {
    'Dir::State': join(work, 'state'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::SourceList': join(work, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'APT::Sandbox::User': 'root',
  };
  return ['-qq', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** Moves the programs into place in one step, so that a build that was cut is never taken for a whole one. */
function keep(files) {
  const ready = join(work, 'bin');
  rmSync(ready, { recursive: true, force: true });
  mkdirSync(ready);
  for (const file of files) cpSync(file, join(ready, file.split('/').at(-1)), { dereference: true });
  rmSync(bin, { recursive: true, force: true });
  renameSync(ready, bin);
  // Go keeps its module files read-only.
  run('chmod', ['-R', 'u+w', work]);
}

function run(command, args, { otherwise = stop, ...options } = {}) {
  try {
    execFileSync(command, args, { cwd: work, stdio: ['ignore', 'inherit', 'inherit'], ...options });
  } catch (error) {
    otherwise(`${command} failed: ${error.message}`);
  }
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

function say(text) {
  console.log(`kube-apiserver ${version} for tests/agents: ${text}`);
}

/** This machine has not what it takes. */
function lack(text) {
  console.error(`kubeApiServer: ${text}`);
  process.exit(2);
}

function stop(text) {
  console.error(`kubeApiServer: ${text}`);
  process.exit(1);
}
