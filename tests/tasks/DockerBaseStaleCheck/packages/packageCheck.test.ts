import assert from 'node:assert/strict';
import {
  startPackageIndexes,
  type IndexEmulator,
  type IndexEmulatorOptions,
} from '../../../../emulator/packages/server';
import type { Lock } from '../../../../tasks/DockerBaseStaleCheck/lock/lockFile';
import { together } from '../../together';
import { closeProjects, daysAgo, startProject, type Checked, type Project } from '../project';

const OLD = { created: daysAgo(60), layers: ['base'] };
const open: IndexEmulator[] = [];

interface Setup {
  project: Project;
  indexes: IndexEmulator;
  /** Runs the check with all packages compared at the emulated indexes. */
  check: (inputs?: Record<string, string>, more?: Parameters<Project['check']>[1]) => Promise<Checked>;
}

async function setUp(options: IndexEmulatorOptions = {}): Promise<Setup> {
  const project = await startProject();
  for (const [name, tag] of [
    ['team/python', '3.12-bookworm'],
    ['team/node', '20-alpine3.20'],
    ['team/base', '1'],
  ] as const) {
    project.registry.put(name, tag, [OLD]);
  }
  const indexes = await startPackageIndexes(options);
  open.push(indexes);
  const packageIndexes = JSON.stringify(indexes.urls);
  return {
    project,
    indexes,
    check: (inputs = {}, more = {}) => project.check({ packages: 'all', packageIndexes, ...inputs }, more),
  };
}

function row(step: Checked, name: string, path = 'Dockerfile') {
  const found = step.report.dockerfiles.find((one) => one.path === path)?.packages.find((one) => one.name === name);
  assert.ok(found, `${name} is in the report: ${step.log.join('\n')}`);
  return found;
}

function reasonOf(step: Checked, path = 'Dockerfile'): string {
  return step.report.dockerfiles.find((one) => one.path === path)?.reason ?? '';
}

describe('Packages on top of the base', function () {
  this.timeout(60_000);
  const it = together();
  after(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    await closeProjects();
  });

  it('make an image stale when the newest version that fits is not the locked one, with a reason a person can read', async () => {
    const { project, indexes, check } = await setUp();
    indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1']);
    indexes.put({ kind: 'pypi' }, 'pandas', ['2.2.0']);
    project.write('Dockerfile', 'FROM REGISTRY/team/python:3.12-bookworm\nRUN pip install "numpy>=2" pandas==2.2.0\n');
    const first = await check({ updateLock: 'write' });
    assert.deepEqual(first.verdicts, { Dockerfile: 'fresh' }, reasonOf(first));
    const lock = JSON.parse(project.read('Dockerfile.lock.json')) as Lock;
    assert.deepEqual(lock.packages, [
      { manager: 'pip', name: 'numpy', source: 'parsed', version: '2.3.1', wanted: '>=2' },
      { manager: 'pip', name: 'pandas', source: 'parsed', version: '2.2.0', wanted: '2.2.0' },
    ]);
    indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1', { version: '2.4.0' }, '3.0.0rc1']);
    indexes.put({ kind: 'pypi' }, 'pandas', ['2.2.0', '3.0.0']);
    const second = await check();
    assert.deepEqual(second.verdicts, { Dockerfile: 'stale' });
    assert.equal(reasonOf(second), 'numpy 2.3.1 -> 2.4.0 fits numpy>=2');
    const { locked, newest, verdict, source, line, wanted } = row(second, 'numpy');
    assert.deepEqual(
      { locked, newest, verdict, source, line, wanted },
      {
        ...{ locked: '2.3.1', newest: '2.4.0', verdict: 'stale', source: 'parsed', line: 2, wanted: '>=2' },
      },
    );
    assert.equal(row(second, 'pandas').verdict, 'pinned');
    const summary = second.summaries.map(({ markdown }) => markdown).join('');
    assert.match(summary, /numpy 2\\\.3\\\.1 \\-&gt; 2\\\.4\\\.0 fits numpy&gt;=2/);
  });

  it('are asked at the index of every manager, by release, branch and channel', async () => {
    const { project, indexes, check } = await setUp();
    indexes.put({ kind: 'pypi' }, 'six', ['1.16.0']);
    indexes.put({ kind: 'npm' }, 'typescript', ['5.4.0']);
    indexes.put({ kind: 'npm' }, '@angular/cli', ['17.0.0']);
    indexes.put({ kind: 'cran' }, 'htmltools', ['0.5.8']);
    indexes.put({ kind: 'conda', channel: 'conda-forge' }, 'xtensor', ['0.24.0']);
    indexes.put({ kind: 'debian', suite: 'bookworm' }, 'curl', ['7.88.1-10']);
    indexes.put({ kind: 'debian', suite: 'bookworm-security' }, 'curl', ['7.88.1-10+deb12u5']);
    indexes.put({ kind: 'alpine', branch: 'v3.20' }, 'bash', ['5.2.26-r0']);
    indexes.put({ kind: 'alpine', branch: 'v3.20', repository: 'community' }, 'jq', ['1.7.1-r0']);
    project.write(
      'debian/Dockerfile',
      [
        ...['FROM REGISTRY/team/python:3.12-bookworm', 'RUN pip install six'],
        ...['RUN apt-get update && apt-get install -y curl', `RUN R -e "install.packages('htmltools')"`],
        'RUN mamba install xtensor\n',
      ].join('\n'),
    );
    project.write(
      'alpine/Dockerfile',
      'FROM REGISTRY/team/node:20-alpine3.20\nRUN apk add bash jq\nRUN npm i -g typescript@5 @angular/cli\n',
    );
    const first = await check({ updateLock: 'write' });
    assert.deepEqual(
      first.verdicts,
      { 'alpine/Dockerfile': 'fresh', 'debian/Dockerfile': 'fresh' },
      first.log.join('\n'),
    );
    const locked = ['alpine', 'debian'].map((folder) =>
      (JSON.parse(project.read(`${folder}/Dockerfile.lock.json`)) as Lock).packages?.map(
        ({ name, version }) => `${name} ${version}`,
      ),
    );
    assert.deepEqual(locked, [
      ['bash 5.2.26-r0', 'jq 1.7.1-r0', '@angular/cli 17.0.0', 'typescript 5.4.0'],
      ['curl 7.88.1-10+deb12u5', 'xtensor 0.24.0', 'htmltools 0.5.8', 'six 1.16.0'],
    ]);
    indexes.put({ kind: 'npm' }, 'typescript', ['5.4.0', '5.5.0', '6.0.0']);
    indexes.put({ kind: 'alpine', branch: 'v3.20', repository: 'community' }, 'jq', ['1.7.1-r1']);
    indexes.put({ kind: 'debian', suite: 'bookworm-security' }, 'curl', ['7.88.1-10+deb12u6']);
    indexes.put({ kind: 'cran' }, 'htmltools', ['0.5.10']);
    const second = await check();
    assert.equal(
      reasonOf(second, 'alpine/Dockerfile'),
      'jq 1.7.1-r0 -> 1.7.1-r1 fits jq; typescript 5.4.0 -> 5.5.0 fits typescript@5',
    );
    assert.equal(
      reasonOf(second, 'debian/Dockerfile'),
      'curl 7.88.1-10+deb12u5 -> 7.88.1-10+deb12u6 fits curl; htmltools 0.5.8 -> 0.5.10 fits htmltools',
    );
  });

  it('ten changes of one image are one rebuild, which the lock remembers until it has ended well', async () => {
    const { project, indexes, check } = await setUp();
    const names = Array.from({ length: 10 }, (_, index) => `package-${index}`);
    for (const name of names) indexes.put({ kind: 'pypi' }, name, ['1.0']);
    project.write('r/Dockerfile', `FROM REGISTRY/team/base:1\nRUN pip install ${names.join(' ')}\n`);
    const { state } = project.emulator;
    state.addPipeline({
      name: 'rebuild',
      yaml: 'parameters: [{ name: why, type: string }]\nsteps: [{ script: docker build . }]\n',
      script: { durationMs: 0 },
    });
    const inputs = {
      updateLock: 'write',
      pipeline: 'rebuild',
      parameters: 'why: ${reason}',
      waitForCompletion: 'true',
    };
    assert.deepEqual((await check(inputs)).verdicts, { 'r/Dockerfile': 'fresh' });
    for (const name of names) indexes.put({ kind: 'pypi' }, name, ['1.0', '1.1']);
    const second = await check(inputs);
    assert.equal(second.result, 'Succeeded', second.message);
    assert.deepEqual(
      state.runs.map(({ templateParameters }) => templateParameters.why),
      [
        'package-0 1.0 -> 1.1 fits package-0; package-1 1.0 -> 1.1 fits package-1; package-2 1.0 -> 1.1 fits package-2; and 7 more packages',
      ],
    );
    const triggered = JSON.parse(project.read('r/Dockerfile.lock.json')) as Lock;
    assert.deepEqual([triggered.packages?.[0]?.version, triggered.triggered?.packages?.length], ['1.0', 10]);
    const third = await check(inputs);
    assert.equal(state.runs.length, 1, 'no second rebuild for the same change');
    assert.deepEqual(third.verdicts, { 'r/Dockerfile': 'fresh' });
    const built = JSON.parse(project.read('r/Dockerfile.lock.json')) as Lock;
    assert.deepEqual(
      [built.packages?.[0]?.version, built.triggered, built.built?.runId],
      ['1.1', undefined, state.runs[0]?.id],
    );
  });

  it('follow cooldownHours, and without a lock maxAgeDays where the index gives dates', async () => {
    const { project, indexes, check } = await setUp();
    indexes.put({ kind: 'pypi' }, 'new', [
      { version: '1.0', released: daysAgo(90) },
      { version: '1.1', released: daysAgo(2) },
    ]);
    indexes.put({ kind: 'pypi' }, 'old', [{ version: '1.0', released: daysAgo(90) }]);
    indexes.put({ kind: 'npm' }, 'tool', [{ version: '1.0.0', released: daysAgo(1) }]);
    indexes.put({ kind: 'cran' }, 'undated', ['1.0']);
    project.write('new/Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install new\n');
    project.write('old/Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install old\n');
    project.write('npm/Dockerfile', 'FROM REGISTRY/team/base:1\nRUN npm i -g tool\n');
    project.write('undated/Dockerfile', `FROM REGISTRY/team/base:1\nRUN R -e "install.packages('undated')"\n`);
    const step = await check();
    assert.deepEqual(step.verdicts, {
      ...{ 'new/Dockerfile': 'stale', 'npm/Dockerfile': 'stale' },
      ...{ 'old/Dockerfile': 'fresh', 'undated/Dockerfile': 'fresh' },
    });
    assert.match(reasonOf(step, 'new/Dockerfile'), /^new 1\.1 of \d{4}-\d\d-\d\d fits new, within 7 days$/);
    assert.match(row(step, 'undated', 'undated/Dockerfile').reason, /no lock yet, and its index gives no dates/);
    const cooled = await check({ cooldownHours: '72' });
    assert.equal(cooled.verdicts['new/Dockerfile'], 'pending');
    assert.match(reasonOf(cooled, 'new/Dockerfile'), /in its cooldown until \d{4}-/);
  });

  it('are never called fresh where their index cannot say, and the reason names it', async () => {
    const { project, indexes, check } = await setUp();
    project.write('Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install secret-tool\n');
    const missing = await check();
    assert.deepEqual(missing.verdicts, { Dockerfile: 'unknown' });
    assert.match(reasonOf(missing), /secret-tool is not in http:\/\/127\.0\.0\.1:\d+\/simple/);
    indexes.fault = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    const refused = await check();
    assert.deepEqual(refused.verdicts, { Dockerfile: 'unknown' });
    assert.match(reasonOf(refused), /refuses further requests for now \(429/);
    assert.equal(refused.result, 'SucceededWithIssues');
  });

  it('say what cannot be read without the build, and do not guess it', async () => {
    const { project, check } = await setUp();
    project.write(
      'Dockerfile',
      'FROM REGISTRY/team/base:1\nRUN curl https://example.com/setup.sh | bash -\nRUN ./install.sh\n',
    );
    const step = await check();
    assert.deepEqual(step.verdicts, { Dockerfile: 'fresh' });
    assert.deepEqual(
      step.report.dockerfiles[0]?.unreadable?.map(({ line }) => line),
      [2, 3],
    );
    assert.match(
      step.log.join('\n'),
      /line 2: bash runs what 'curl https:\/\/example\.com\/setup\.sh' gives, and 1 more/,
    );
  });

  it('are read with what the stages below set, with files of the context, mounts and texts in the Dockerfile itself', async () => {
    const { project, indexes, check } = await setUp();
    for (const name of ['a', 'b', 'c', 'd', 'unused']) indexes.put({ kind: 'pypi' }, name, ['1.0']);
    indexes.put({ kind: 'posit', snapshot: 'latest' }, 'htmltools', ['0.5.8']);
    project.write(
      'app/Dockerfile',
      [
        ...['FROM REGISTRY/team/python:3.12-bookworm AS base', 'ARG FILE=requirements.txt', 'WORKDIR /app'],
        ...[`RUN pip config set global.index-url http://${indexes.host}/simple`, 'COPY requirements.txt ./'],
        ...['FROM base AS unused', 'RUN pip install unused', 'FROM base', 'RUN pip install -r $FILE'],
        'RUN --mount=type=bind,source=more/list.txt,target=/tmp/list.txt pip install -r /tmp/list.txt',
        ...['COPY <<EOF /inline.txt', 'd', 'EOF', 'RUN pip install -r /inline.txt'],
        `RUN R -e "install.packages('htmltools', repos = 'http://${indexes.host}/posit/latest')"\n`,
      ].join('\n'),
    );
    project.write('app/requirements.txt', 'a\n-r nested.txt\n');
    project.write('app/nested.txt', 'b>=0.5\n');
    project.write('app/more/list.txt', 'c\n');
    const step = await check({ packageIndexes: '' });
    const rows = step.report.dockerfiles[0]?.packages ?? [];
    assert.deepEqual(
      rows.map(({ name, newest }) => `${name} ${newest ?? ''}`),
      ['a 1.0', 'c 1.0', 'd 1.0', 'htmltools 0.5.8'],
      step.log.join('\n'),
    );
    assert.match(
      JSON.stringify(step.report.dockerfiles[0]?.unreadable),
      /nested\.txt', which is not in the build context/,
    );
  });

  it('are asked for once each, and the next time only whether the answers still hold', async () => {
    for (const withoutTags of [false, true]) {
      const { project, indexes, check } = await setUp({ withoutTags });
      indexes.put({ kind: 'pypi' }, 'six', ['1.0']);
      indexes.put({ kind: 'npm' }, 'tool', ['1.0.0']);
      indexes.put({ kind: 'cran' }, 'htmltools', ['0.5.8']);
      indexes.put({ kind: 'debian', suite: 'bookworm' }, 'curl', ['7.88.1-10']);
      for (const folder of ['a', 'b', 'c']) {
        const runs = ['pip install six', 'npm i -g tool', 'install2.r htmltools', 'apt-get install -y curl'];
        const lines = ['FROM REGISTRY/team/python:3.12-bookworm', ...runs.map((run) => `RUN ${run}`)];
        project.write(`${folder}/Dockerfile`, `${lines.join('\n')}\n`);
      }
      const cold = await check({ updateLock: 'write' });
      const asked = indexes.calls.map(({ path }) => path);
      assert.deepEqual(asked.toSorted(), [...new Set(asked)].toSorted(), 'nothing is asked twice');
      indexes.calls.splice(0);
      const warm = await check({ updateLock: 'write' }, { job: cold.job });
      assert.deepEqual([...new Set(Object.values(warm.verdicts))], ['fresh'], warm.log.join('\n'));
      assert.deepEqual(
        indexes.calls.filter(({ conditional }) => !conditional),
        [],
      );
      assert.ok(
        !indexes.calls.some(({ path }) => path.includes('/Packages')),
        'InRelease still names the list that is kept',
      );
      indexes.put({ kind: 'debian', suite: 'bookworm' }, 'curl', ['7.88.1-11']);
      const changed = await check({}, { job: cold.job });
      assert.equal(reasonOf(changed, 'a/Dockerfile'), 'curl 7.88.1-10 -> 7.88.1-11 fits curl');
      const { requests } = changed.report;
      assert.ok((requests[indexes.host]?.get ?? 0) >= 5, 'the report counts requests to indexes');
    }
  });

  it('of a private index are read with the login that fits, which nobody else is sent and no log shows', async () => {
    const authorization = `Basic ${Buffer.from('reader:feed-password-1').toString('base64')}`;
    const { project, indexes, check } = await setUp({ authorization });
    const other = await startPackageIndexes();
    open.push(other);
    indexes.put({ kind: 'pypi' }, 'secret-tool', ['1.0']);
    other.put({ kind: 'pypi' }, 'open-tool', ['1.0']);
    project.write(
      'Dockerfile',
      `FROM REGISTRY/team/base:1\nRUN pip install secret-tool\nRUN pip install --index-url http://${other.host}/simple open-tool\n`,
    );
    const withLogin = `pip: http://reader:feed-password-1@${indexes.host}/simple`;
    const inUrl = await check({ packages: 'pip', packageIndexes: withLogin });
    assert.equal(row(inUrl, 'secret-tool').newest, '1.0', inUrl.log.join('\n'));
    assert.equal(row(inUrl, 'open-tool').newest, '1.0');
    assert.deepEqual(inUrl.leaks, []);
    assert.ok(!inUrl.log.join('\n').includes('feed-password-1'));
    const refused = await check({ packages: 'pip' });
    assert.match(row(refused, 'secret-tool').reason, /allows no access \(401\)/);
    const connection = { id: '4f8a1d0b-5b7e-4f0c-9c7d-111111111111', name: 'feed', scheme: 'UsernamePassword' };
    const url = `http://${indexes.host}/`;
    const parameters = { username: 'reader', password: 'feed-password-1', registry: url };
    const byConnection = await check(
      { packages: 'pip', registryConnections: connection.id },
      { endpoints: [{ ...connection, url, parameters, data: { registrytype: 'Others' } }] },
    );
    assert.equal(row(byConnection, 'secret-tool').newest, '1.0', byConnection.log.join('\n'));
    const byEnvironment = await check(
      { packages: 'pip', packageIndexes: '' },
      { env: { DOCKER_CONFIG: project.folder, PIP_INDEX_URL: `http://reader:feed-password-1@${indexes.host}/simple` } },
    );
    assert.equal(row(byEnvironment, 'secret-tool').newest, '1.0', byEnvironment.log.join('\n'));
    assert.deepEqual(other.calls.map((call) => call.authorization).filter(Boolean), []);
  });

  it('of Bioconductor are those of the release that the image, its R or the build itself names', async () => {
    const { project, indexes, check } = await setUp();
    const inputs = { packages: 'cran', packageIndexes: `cran: ${indexes.urls.cran}` };
    const env = { DOCKER_CONFIG: project.folder, R_BIOC_MIRROR: `http://${indexes.host}/` };
    for (const [name, tag, more] of [
      ['bioconductor/bioconductor_docker', 'RELEASE_3_20', {}],
      ['rocker/r-ver', '4.3.2', {}],
      ['team/r', '1', { env: ['R_VERSION=4.5.1'] }],
      ['team/plain', '1', {}],
    ] satisfies [string, string, { env?: string[] }][])
      project.registry.put(name, tag, [{ ...OLD, ...more }]);
    for (const [release, version] of [
      ...[['3.20', '1.20.0'] as const, ['3.18', '1.18.0'] as const, ['3.22', '1.22.0'] as const],
      ...[['release', '1.99.0'] as const, ['3.16', '1.16.0'] as const],
    ])
      indexes.put({ kind: 'bioconductor', release }, 'DESeq2', [version]);
    indexes.put({ kind: 'cran' }, 'htmltools', ['0.5.8']);
    const install = `RUN R -e "BiocManager::install(c('DESeq2', 'htmltools'))"\n`;
    const pinned = `RUN R -e 'install.packages("BiocManager"); BiocManager::install(version = "3.16", ask = FALSE)'\n`;
    indexes.put({ kind: 'cran' }, 'BiocManager', ['1.30.25']);
    const from = (image: string) => `FROM ${project.registry.host}/${image}\n`;
    project.write('own/Dockerfile', from('bioconductor/bioconductor_docker:RELEASE_3_20') + install);
    project.write('rocker/Dockerfile', from('rocker/r-ver:4.3.2') + install);
    project.write('config/Dockerfile', from('team/r:1') + install);
    project.write('plain/Dockerfile', from('team/plain:1') + install);
    project.write('named/Dockerfile', from('rocker/r-ver:4.3.2') + pinned + install);
    const step = await check({ ...inputs, updateLock: 'write' }, { env });
    const found = ['own', 'rocker', 'config', 'plain', 'named'].map((folder) => {
      const path = `${folder}/Dockerfile`;
      return `${row(step, 'DESeq2', path).newest ?? ''} ${row(step, 'htmltools', path).newest ?? ''}`;
    });
    assert.deepEqual(found, ['1.20.0 0.5.8', '1.18.0 0.5.8', '1.22.0 0.5.8', '1.99.0 0.5.8', '1.16.0 0.5.8']);
    // It is compared like any other.
    indexes.put({ kind: 'bioconductor', release: '3.18' }, 'DESeq2', ['1.18.1']);
    const second = await check(inputs, { env });
    assert.equal(reasonOf(second, 'rocker/Dockerfile'), 'DESeq2 1.18.0 -> 1.18.1 fits DESeq2');
    assert.equal(second.verdicts['own/Dockerfile'], 'fresh');
    indexes.fault = ({ path }) => (path.includes('/3.20/') ? { status: 404 } : undefined);
    const gone = await check(inputs, { env });
    assert.equal(gone.verdicts['own/Dockerfile'], 'unknown', 'an index that cannot say is not fresh');
  });

  it('are compared for each of several platforms, and locked apart where these differ', async () => {
    const { project, indexes, check } = await setUp();
    const both = (['amd64', 'arm64'] as const).map((architecture) => ({ ...OLD, architecture }));
    project.registry.put('team/multi', '3.12-bookworm', both);
    project.registry.put('team/alpine', '20-alpine3.20', both);
    const debian = (architecture: string, version: string) =>
      indexes.put({ kind: 'debian', suite: 'bookworm', architecture }, 'curl', [version]);
    const alpine = (architecture: string, version: string) =>
      indexes.put({ kind: 'alpine', branch: 'v3.20', architecture }, 'jq', [
        // The day differs from platform to platform, which alone is no difference.
        { version, released: daysAgo(architecture === 'x86_64' ? 90 : 91) },
      ]);
    for (const one of ['amd64', 'arm64']) debian(one, '7.88.1-10');
    for (const one of ['x86_64', 'aarch64']) alpine(one, '1.7.1-r0');
    indexes.put({ kind: 'pypi' }, 'six', ['1.16.0']);
    indexes.put({ kind: 'pypi' }, 'arm-only', ['1.0']);
    project.write(
      'debian/Dockerfile',
      [
        ...['FROM REGISTRY/team/multi:3.12-bookworm', 'ARG TARGETARCH'],
        `RUN apt-get install -y curl && pip install six "arm-only; platform_machine == 'aarch64'"\n`,
      ].join('\n'),
    );
    project.write('alpine/Dockerfile', 'FROM REGISTRY/team/alpine:20-alpine3.20\nRUN apk add jq\n');
    project.write(
      'fixed/Dockerfile',
      'FROM --platform=linux/amd64 REGISTRY/team/multi:3.12-bookworm\nRUN apt-get install -y curl\n',
    );
    const inputs = { platforms: 'linux/amd64, linux/arm64' };
    const first = await check({ ...inputs, updateLock: 'write' });
    assert.deepEqual([...new Set(Object.values(first.verdicts))], ['fresh'], first.log.join('\n'));
    const lockOf = (folder: string) =>
      (JSON.parse(project.read(`${folder}/Dockerfile.lock.json`)) as Lock).packages?.map(
        ({ name, version, platform }) => [name, version, platform].filter(Boolean).join(' '),
      );
    assert.deepEqual(lockOf('alpine'), ['jq 1.7.1-r0'], JSON.stringify(first.report.dockerfiles));
    assert.deepEqual(lockOf('debian'), ['curl 7.88.1-10', 'arm-only 1.0 linux/arm64', 'six 1.16.0']);
    const asked = indexes.calls.map(({ path }) => path);
    for (const part of ['binary-amd64', 'binary-arm64', 'x86_64', 'aarch64'])
      assert.ok(
        asked.some((path) => path.includes(`/${part}/`)),
        part,
      );

    debian('arm64', '7.88.1-10+b1');
    alpine('aarch64', '1.7.1-r1');
    const second = await check(inputs);
    assert.equal(
      reasonOf(second, 'debian/Dockerfile'),
      'curl 7.88.1-10 -> 7.88.1-10+b1 fits curl (linux/arm64)',
      second.log.join('\n'),
    );
    assert.equal(reasonOf(second, 'alpine/Dockerfile'), 'jq 1.7.1-r0 -> 1.7.1-r1 fits jq (linux/arm64)');
    assert.equal(second.verdicts['fixed/Dockerfile'], 'fresh', 'its FROM names another platform');
    const rows = second.report.dockerfiles.find(({ path }) => path === 'debian/Dockerfile')?.packages ?? [];
    assert.deepEqual(
      rows.filter(({ name }) => name === 'curl').map(({ platform, verdict }) => `${platform ?? ''} ${verdict}`),
      ['linux/amd64 fresh', 'linux/arm64 stale'],
    );
    const only = await check({ platforms: 'linux/amd64' });
    assert.deepEqual([...new Set(Object.values(only.verdicts))], ['fresh'], 'of one platform only its own counts');
  });

  it('that come to one platform after the other are a rebuild each', async () => {
    const { project, indexes, check } = await setUp();
    project.registry.put('team/multi', 'bookworm', [
      { ...OLD, architecture: 'amd64' },
      { ...OLD, architecture: 'arm64' },
    ]);
    const debian = (architecture: string, version: string) =>
      indexes.put({ kind: 'debian', suite: 'bookworm', architecture }, 'curl', [version]);
    for (const one of ['amd64', 'arm64']) debian(one, '1.0-1');
    project.write('Dockerfile', 'FROM REGISTRY/team/multi:bookworm\nRUN apt-get install -y curl\n');
    const { state } = project.emulator;
    state.addPipeline({ name: 'rebuild', yaml: 'steps: [{ script: docker build . }]\n', script: { durationMs: 0 } });
    const inputs = {
      ...{ platforms: 'linux/amd64, linux/arm64', updateLock: 'write', pipeline: 'rebuild', project: 'Fabrikam' },
      waitForCompletion: 'true',
    };
    await check(inputs);
    assert.equal(state.runs.length, 0);
    debian('amd64', '1.0-2');
    await check(inputs);
    await check(inputs);
    assert.equal(state.runs.length, 1, 'amd64 first, and once');
    debian('arm64', '1.0-2');
    await check(inputs);
    const last = await check(inputs);
    assert.equal(state.runs.length, 2, 'arm64 has it a day later, and only a rebuild brings it in');
    assert.deepEqual(last.verdicts, { Dockerfile: 'fresh' });
    const lock = JSON.parse(project.read('Dockerfile.lock.json')) as Lock;
    assert.deepEqual(
      lock.packages?.map(({ name, version, platform = '' }) => `${name} ${version}${platform}`),
      ['curl 1.0-2'],
      'what is the same everywhere is there once',
    );
  });

  it("whose marker hangs on the image's exact Python are decided by its configuration, asked for that alone", async () => {
    const { project, indexes, check } = await setUp();
    for (const name of ['old', 'new']) indexes.put({ kind: 'pypi' }, name, ['1.0']);
    project.registry.put('team/made', '1', [{ ...OLD, env: ['PYTHON_VERSION=3.12.4'] }]);
    const markers = `"old; python_full_version < '3.12.4'" "new; python_full_version >= '3.12.4'"`;
    project.write('made/Dockerfile', `FROM REGISTRY/team/made:1\nRUN pip install ${markers}\n`);
    project.write('bare/Dockerfile', `FROM REGISTRY/team/base:1\nRUN pip install ${markers}\n`);
    const step = await check({ packages: 'pip', packageIndexes: `pip: ${indexes.urls.pip}` });
    const namesIn = (path: string) =>
      step.report.dockerfiles.find((one) => one.path === path)?.packages.map(({ name }) => name);
    assert.deepEqual(namesIn('made/Dockerfile'), ['new']);
    assert.deepEqual(namesIn('bare/Dockerfile'), []);
    const bare = step.report.dockerfiles.find(({ path }) => path === 'bare/Dockerfile');
    assert.match(bare?.unreadable?.[0]?.reason ?? '', /hangs on its marker 'python_full_version < '3\.12\.4''/);
  });

  it('that the build observed win over those of the Dockerfile, also those of its scripts', async () => {
    const { project, indexes, check } = await setUp();
    indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1', '2.4.0']);
    indexes.put({ kind: 'pypi' }, 'hidden', ['1.0', '1.1']);
    project.write('r/Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install numpy\nRUN ./install.sh\n');
    project.write('r/observed.txt', 'numpy==2.3.1\nhidden==1.0\n');
    const inputs = { packages: 'pip', observedPackages: 'observed.txt' };
    const step = await check(inputs);
    assert.equal(reasonOf(step, 'r/Dockerfile'), 'numpy 2.3.1 -> 2.4.0 fits numpy; hidden 1.0 -> 1.1 fits hidden');
    assert.deepEqual(
      [row(step, 'numpy', 'r/Dockerfile').source, row(step, 'hidden', 'r/Dockerfile').source],
      ['observed', 'observed'],
    );
    project.write('r/observed.txt', 'numpy==2.4.0\nhidden==1.1\n');
    const rebuilt = await check({ ...inputs, updateLock: 'write' });
    assert.deepEqual(rebuilt.verdicts, { 'r/Dockerfile': 'fresh' });
    const lock = JSON.parse(project.read('r/Dockerfile.lock.json')) as Lock;
    assert.deepEqual(
      lock.packages?.map(({ name, version, source }) => `${name} ${version} ${source}`),
      ['hidden 1.1 observed', 'numpy 2.4.0 observed'],
    );
    project.write('r/observed.txt', 'what is this\n');
    const broken = await check(inputs);
    assert.deepEqual(broken.verdicts, { 'r/Dockerfile': 'unknown' });
    assert.match(reasonOf(broken, 'r/Dockerfile'), /observedPackages: .*observed\.txt: .*no format that is known/);
  });

  it('that something else in the image holds back are not rebuilt for again and again', async () => {
    const { project, indexes, check } = await setUp();
    indexes.put({ kind: 'pypi' }, 'pandas', ['1.5', '2.2']);
    project.write('Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install pandas\n');
    project.write('observed.txt', 'pandas==1.5\n');
    const { state } = project.emulator;
    state.addPipeline({ name: 'rebuild', yaml: 'steps: [{ script: docker build . }]\n', script: { durationMs: 0 } });
    const inputs = {
      ...{ packages: 'pip', observedPackages: 'observed.txt', updateLock: 'write', pipeline: 'rebuild' },
      ...{ project: 'Fabrikam', waitForCompletion: 'true' },
    };
    for (let night = 0; night < 4; night++) await check(inputs);
    assert.equal(state.runs.length, 1);
    assert.match(row(await check(inputs), 'pandas').reason, /stayed although it was rebuilt for 2\.2/);
    indexes.put({ kind: 'pypi' }, 'pandas', ['1.5', '2.2', '2.3']);
    await check(inputs);
    assert.equal(state.runs.length, 2, 'a version that is newer still is worth another try');
  });

  it('are refused in words where an input makes no sense, before anything is asked', async () => {
    const { project, indexes, check } = await setUp();
    project.write('Dockerfile', 'FROM REGISTRY/team/base:1\nRUN pip install x\n');
    const cases: [Record<string, string>, RegExp][] = [
      [{ packages: 'pip, gem' }, /packages: 'gem' is none of off, all, pip, conda, npm, cran, apt, apk/],
      [{ packages: 'all, pip' }, /mixes off or all with others/],
      [{ packageIndexes: 'gem: https://x' }, /packageIndexes: 'gem' is none of pip/],
      [{ packageIndexes: 'pip: file:///etc' }, /the index of pip is no http address\. Give one such as https:/],
      [{ packages: 'off' }, /packageIndexes is given, but packages is off/],
      [
        { packages: 'off', packageIndexes: '', observedPackages: 'x.json' },
        /observedPackages is given, but packages is off/,
      ],
      [{ observedPackages: '${nothing}.json' }, /observedPackages: '\$\{nothing\}' is no placeholder/],
      [{ updateLock: 'push' }, /updateLock: 'push' is none of none, write, commit, pullRequest/],
    ];
    for (const [inputs, message] of cases) {
      const step = await check(inputs);
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
    }
    assert.equal(indexes.calls.length, 0);
  });
});
