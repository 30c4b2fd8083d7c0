#!/usr/bin/env node
// Builds a real Kubernetes API server and its controller manager, and fetches etcd and kubectl, for the tests of the orchestrator.
// Debian packages no API server, but the source package of its kubectl holds all of Kubernetes. Everything is kept in a cache outside
// the clone; nothing is installed, so no root is needed. Takes about five minutes of two cores and 1.5 GB of memory, once; a build that
// was ended on the way goes on where it stopped.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';

const version = '1.20.2';
const release = 'bookworm';
const built = ['kube-apiserver', 'kube-controller-manager'];
const fetched = ['etcd', 'kubectl'];
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pipeline-cascade', 'kube', version);
const bin = join(cache, 'bin');
/** Of the build that goes on here after one that was ended; a second one at the same time gets a folder of its own. */
const lock = join(cache, 'build.pid');
let work = join(cache, 'build');

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
  const missing = ['apt-get', 'dpkg-source', 'dpkg-deb'].filter((tool) => !onPath(tool));
  if (missing.length > 0) lack(`${missing.join(', ')} not found: apt-get install dpkg-dev`);
  mkdirSync(cache, { recursive: true });
  takeFolder();
  mkdirSync(work, { recursive: true });
  const apt = ownApt();
  say('Fetching the package lists');
  run('apt-get', [...apt, 'update'], { otherwise: lack });
  const servers = built.every(isThere) ? built.map((program) => join(bin, program)) : build(apt);
  say('Fetching etcd and kubectl');
  unpack(apt, ['etcd-server', 'kubernetes-client']);
  keep([...servers, ...fetched.map((program) => join(work, 'root/usr/bin', program))]);
}

/** Takes the folder of the build, unless a process that lives builds there; clears up after those that were killed beside it. */
function takeFolder() {
  for (const name of readdirSync(cache)) {
    const [, pid] = /^(?:build|work)-(\d+)$/.exec(name) ?? [];
    if (pid && !lives(Number(pid))) rmSync(join(cache, name), { recursive: true, force: true });
  }
  if (existsSync(lock) && !lives(Number(readFileSync(lock, 'utf8')))) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    process.on('exit', () => rmSync(lock, { force: true }));
  } catch {
    work = join(cache, `build-${process.pid}`);
    process.on('exit', () => rmSync(work, { recursive: true, force: true }));
  }
}

function lives(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Builds the servers from Debian's source package with Debian's Go; gives where they are. Go itself, and not the makefiles, which generate
 * anew what the source package holds, all but one file. What is compiled stays in the folder, package by package.
 */
function build(apt) {
  const fetchedMark = join(work, 'fetched');
  if (!existsSync(fetchedMark)) {
    say('Fetching Kubernetes and Go');
    for (const name of readdirSync(work).filter((name) => name.startsWith('kubernetes')))
      rmSync(join(work, name), { recursive: true });
    run('apt-get', [...apt, 'source', '--only-source', 'kubernetes']);
    unpack(apt, ['golang-1.19-go', 'golang-1.19-src']);
    writeFileSync(fetchedMark, '');
  }
  const source = readdirSync(work).find((name) => /^kubernetes-[\d.]+/.test(name) && !name.includes('.orig'));
  if (source === undefined) stop('The source package held no Kubernetes.');
  // A tree of the old kind, which Go looks for below GOPATH.
  const tree = join(work, 'path/src/k8s.io/kubernetes');
  mkdirSync(dirname(tree), { recursive: true });
  rmSync(tree, { force: true });
  symlinkSync(join(work, source), tree);
  const goRoot = join(work, 'root/usr/lib/go-1.19');
  const env = { GOROOT: goRoot, GOPATH: join(work, 'path'), GOCACHE: join(work, 'go-build'), GO111MODULE: 'off' };
  const options = { cwd: tree, env: { ...process.env, ...env, PWD: tree, GOFLAGS: '', CGO_ENABLED: '0' } };
  const go = (...args) => run(join(goRoot, 'bin/go'), args, options);
  say('Building: about five minutes where it begins anew');
  const generator = join(work, 'openapi-gen');
  go('build', '-trimpath', '-o', generator, './vendor/k8s.io/kube-openapi/cmd/openapi-gen');
  run(
    generator,
    [
      ...[
        '--logtostderr',
        '--input-dirs',
        describedPackages(tree).join(),
        '--output-file-base',
        'zz_generated.openapi',
      ],
      ...['--output-package', 'k8s.io/kubernetes/pkg/generated/openapi'],
      ...['--go-header-file', 'hack/boilerplate/boilerplate.generatego.txt'],
      ...['--report-filename', join(work, 'openapi-violations')],
    ],
    options,
  );
  const [major = '', minor = ''] = version.split('.');
  const told = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor };
  // A server tells its version from the one, and lets its parts ask for it in the other.
  const versions = ['client-go/pkg/version', 'component-base/version'].flatMap((folder) =>
    Object.entries(told).map(([name, value]) => `-X k8s.io/kubernetes/vendor/k8s.io/${folder}.${name}=${value}`),
  );
  const flags = ['-s', '-w', ...versions].join(' ');
  mkdirSync(join(work, 'built'), { recursive: true });
  // One after the other: of one that is ended, the other is there.
  for (const program of built)
    go('build', '-trimpath', '-ldflags', flags, '-o', join(work, 'built', program), `./cmd/${program}`);
  return built.map((program) => join(work, 'built', program));
}

/** The packages whose types the API server describes to its clients. */
function describedPackages(tree) {
  const found = new Set();
  for (const folder of ['pkg', 'cmd', 'staging/src/k8s.io']) {
    for (const entry of readdirSync(join(tree, folder), { recursive: true, withFileTypes: true })) {
      const path = relative(tree, join(entry.parentPath ?? entry.path, entry.name));
      if (!entry.isFile() || !/(?<!_test)\.go$/.test(path) || /testdata|sample-apiserver|code-generator/.test(path))
        continue;
      if (readFileSync(join(tree, path), 'utf8').includes('+k8s:openapi-gen=')) found.add(dirname(path));
    }
  }
  return [...found].map((folder) => `k8s.io/kubernetes/${folder.replace(/^staging\/src\//, 'vendor/')}`);
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
  rmSync(work, { recursive: true, force: true });
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
