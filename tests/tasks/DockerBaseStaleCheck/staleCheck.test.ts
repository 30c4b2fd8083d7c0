import assert from 'node:assert/strict';
import { together } from '../together';
import { closeProjects, daysAgo, startProject } from './project';

const OLD = { created: daysAgo(60), layers: ['base'] };
const NEW = { created: daysAgo(1), layers: ['base 2'] };

describe('DockerBaseStaleCheck', function () {
  this.timeout(60_000);
  const it = together();
  after(closeProjects);

  it('calls an image stale whose base was updated within maxAgeDays, and no other', async () => {
    const project = await startProject();
    project.registry.put('base', 'new', NEW);
    project.registry.put('base', 'old', OLD);
    project.registry.put('base', 'undated', { layers: ['x'], created: '1970-01-01T00:00:00Z' });
    project.write('a/Dockerfile', 'ARG T=new\nFROM REGISTRY/base:$T\n');
    project.write('b/Dockerfile', 'FROM REGISTRY/base:old\n');
    project.write('c/Dockerfile', 'FROM REGISTRY/base:undated\n');
    project.write('d/Dockerfile', 'FROM REGISTRY/base:none\n');
    project.write('e/Dockerfile', 'FROM scratch\n');
    project.write('f/Dockerfile', 'ARG BASE\nFROM $BASE\n');
    project.write('g/Dockerfile', 'FROM a b\n');
    const step = await project.check({ parameters: 'image: ${folder}' });
    assert.deepEqual(step.verdicts, {
      'a/Dockerfile': 'stale',
      'b/Dockerfile': 'fresh',
      'c/Dockerfile': 'unknown',
      'd/Dockerfile': 'baseMissing',
      'e/Dockerfile': 'noBase',
      'f/Dockerfile': 'unresolved',
      'g/Dockerfile': 'invalid',
    });
    assert.equal(step.result, 'SucceededWithIssues', 'onUnknown warns');
    assert.equal(step.outputs.anyStale, 'true');
    assert.equal(step.outputs.staleCount, '1');
    assert.deepEqual(JSON.parse(step.outputs.stale ?? ''), [{ name: 'a/Dockerfile', parameters: { image: 'a' } }]);
    const matrix = JSON.parse(step.outputs.matrix ?? '') as Record<string, { folder: string }>;
    assert.equal(matrix.a_Dockerfile?.folder, 'a');
    assert.match(
      step.report.dockerfiles.find(({ path }) => path === 'f/Dockerfile')?.reason ?? '',
      /BASE has no value/,
    );
  });

  it('asks a registry one HEAD for each distinct reference while the lock holds', async () => {
    const project = await startProject();
    project.registry.put('base', '1', [OLD]);
    for (const name of ['a', 'b', 'c']) project.write(`${name}/Dockerfile`, 'FROM REGISTRY/base:1\n');
    const first = await project.check({ updateLock: 'write' });
    assert.equal(first.outputs.anyStale, 'false');
    const lock = project.read('a/Dockerfile.lock.json');
    project.registry.calls.splice(0);
    const second = await project.check({ updateLock: 'write' });
    assert.deepEqual(second.verdicts['a/Dockerfile'], 'fresh');
    assert.deepEqual(
      project.registry.calls.map(({ method, path }) => `${method} ${path}`),
      ['GET /v2/', 'HEAD /v2/base/manifests/1'],
    );
    assert.equal(project.read('a/Dockerfile.lock.json'), lock, 'the lock does not change by itself');
  });

  it('is not misled by an index that moved or an image packed anew, but by a changed configuration', async () => {
    const project = await startProject();
    const { registry } = project;
    registry.put('base', '1', [OLD], { note: 'first' });
    project.write('Dockerfile', 'FROM REGISTRY/base:1\n');
    await project.check({ updateLock: 'write' });
    registry.put('base', '1', [OLD, { ...OLD, architecture: 'arm64' }], { note: 'with another architecture' });
    assert.deepEqual((await project.check()).verdicts, { Dockerfile: 'fresh' });
    registry.put('base', '1', [{ ...OLD, repacked: true }]);
    assert.deepEqual((await project.check()).verdicts, { Dockerfile: 'fresh' });
    registry.put('base', '1', [{ ...OLD, labels: { base: 'b' } }]);
    const step = await project.check();
    assert.deepEqual(step.verdicts, { Dockerfile: 'stale' });
    assert.match(
      step.report.dockerfiles[0]?.reason ?? '',
      /^base .* moved from sha256:\w+… to sha256:\w+… 60 days ago \(linux\/amd64\)/,
    );
  });

  it('judges a platform that the lock does not know as if there were no lock, and then takes it into the lock', async () => {
    const project = await startProject();
    const { registry } = project;
    const arm = { ...OLD, architecture: 'arm64' };
    registry.put('base', '1', [OLD]);
    project.write('Dockerfile', 'FROM REGISTRY/base:1\n');
    await project.check({ updateLock: 'write' });
    const before = project.read('Dockerfile.lock.json');
    const inputs = { platforms: 'linux/arm64', updateLock: 'write' };

    registry.put('base', '1', [OLD, { ...NEW, architecture: 'arm64' }]);
    const recent = await project.check(inputs);
    assert.deepEqual(recent.verdicts, { Dockerfile: 'stale' });
    assert.match(
      recent.report.dockerfiles[0]?.reason ?? '',
      /^the lock does not know linux\/arm64; judged without it, .* was updated at .* within 7 days/,
    );
    assert.equal(project.read('Dockerfile.lock.json'), before, 'what is stale was not built');

    registry.put('base', '1', [OLD, arm]);
    assert.deepEqual((await project.check(inputs)).verdicts, { Dockerfile: 'fresh' });
    assert.match(project.read('Dockerfile.lock.json'), /"linux\/amd64": .*\n\s+"linux\/arm64": /);

    registry.put('base', '1', [OLD, { ...arm, layers: ['base 2'] }]);
    const moved = await project.check({ platforms: 'linux/amd64, linux/arm64' });
    assert.match(moved.report.dockerfiles[0]?.reason ?? '', /moved from sha256:\w+… to .* \(linux\/arm64\)$/);
  });

  it('compares the layers and history of the built image', async () => {
    const project = await startProject();
    const { registry } = project;
    registry.put('base', '1', OLD);
    registry.put('app', 'latest', { ...OLD, layers: ['base', 'app'] });
    project.write('app/Dockerfile', 'FROM REGISTRY/base:1\n');
    const inputs = { image: `${registry.host}/\${folder}:latest` };
    assert.deepEqual((await project.check(inputs)).verdicts, { 'app/Dockerfile': 'fresh' });
    registry.put('base', '1', { ...OLD, env: ['A=1'] });
    const changed = await project.check(inputs);
    assert.deepEqual(changed.verdicts, { 'app/Dockerfile': 'stale' });
    assert.match(changed.report.dockerfiles[0]?.reason ?? '', /other configuration/);
  });

  it('starts one rebuild for a change, and none for it the next night', async () => {
    const project = await startProject();
    project.registry.put('base', '1', NEW);
    project.write('images/r/Dockerfile', 'FROM REGISTRY/base:1\n');
    const { state } = project.emulator;
    state.addPipeline({
      name: 'rebuild',
      yaml: 'parameters: [{ name: image, type: string }]\nsteps: [{ script: docker build . }]\n',
      script: { durationMs: 0 },
    });
    const inputs = { pipeline: 'rebuild', parameters: 'image: ${folder}', waitForCompletion: 'true' };
    const first = await project.check(inputs);
    assert.equal(first.result, 'Succeeded', first.message);
    assert.deepEqual(
      state.runs.map(({ templateParameters }) => templateParameters.image),
      ['images/r'],
    );
    assert.equal(first.outputs.result, 'succeeded');
    const second = await project.check(inputs);
    assert.equal(state.runs.length, 1);
    assert.deepEqual(second.verdicts, { 'images/r/Dockerfile': 'fresh' });
  });

  it('holds an image whose last runs failed', async () => {
    const project = await startProject();
    project.registry.put('base', '1', NEW);
    project.write('Dockerfile', 'FROM REGISTRY/base:1\n');
    project.emulator.state.addPipeline({ name: 'rebuild', script: { durationMs: 0, result: 'failed' } });
    const inputs = { pipeline: 'rebuild', waitForCompletion: 'true', maxFailures: '2' };
    assert.equal((await project.check(inputs)).result, 'Failed');
    assert.equal((await project.check(inputs)).result, 'Failed');
    const third = await project.check(inputs);
    assert.deepEqual(third.verdicts, { Dockerfile: 'held' });
    assert.equal(project.emulator.state.runs.length, 2);
  });

  it('rebuilds what is built on a stale image after it', async () => {
    const project = await startProject();
    const { registry, emulator } = project;
    registry.put('base', '1', NEW);
    registry.put('minimal', 'latest', OLD);
    project.write('python/Dockerfile', 'FROM REGISTRY/minimal\n');
    project.write('minimal/Dockerfile', 'FROM REGISTRY/base:1\n');
    emulator.state.addPipeline({
      name: 'rebuild',
      yaml: 'parameters: [{ name: image, type: string }]\nsteps: [{ script: docker build . }]\n',
      script: { durationMs: 0 },
    });
    const inputs = {
      ...{ pipeline: 'rebuild', parameters: 'image: ${folder}', staleWhen: 'age' },
      image: `${registry.host}/\${folder}`,
    };
    const plan = await project.check({ ...inputs, dryRun: 'true' });
    assert.deepEqual(plan.verdicts, { 'minimal/Dockerfile': 'stale', 'python/Dockerfile': 'pending' });
    assert.equal(emulator.state.runs.length, 0, 'dryRun starts nothing');
    await project.check({ ...inputs, waitForCompletion: 'true' });
    assert.deepEqual(
      emulator.state.runs.map(({ templateParameters }) => templateParameters.image),
      ['minimal', 'python'],
    );
  });

  it('keeps what it started apart from what was built, until the run succeeded', async () => {
    const project = await startProject();
    const { registry, emulator } = project;
    registry.put('base', '1', NEW);
    project.write('Dockerfile', 'FROM REGISTRY/base:1\n');
    emulator.state.addPipeline({ name: 'rebuild', script: { durationMs: 0 } });
    const inputs = { pipeline: 'rebuild', updateLock: 'write' };
    await project.check(inputs);
    const started = JSON.parse(project.read('Dockerfile.lock.json')) as Record<string, { runId: number } | undefined>;
    assert.equal(started.triggered?.runId, emulator.state.runs[0]?.id);
    assert.equal(started.built, undefined);
    const second = await project.check(inputs);
    assert.deepEqual(second.verdicts, { Dockerfile: 'fresh' });
    const built = JSON.parse(project.read('Dockerfile.lock.json')) as Record<string, { runId: number } | undefined>;
    assert.equal(built.triggered, undefined);
    assert.equal(built.built?.runId, emulator.state.runs[0]?.id);
  });

  it('signs in by the Docker configuration of the agent, with a token or with Basic', async () => {
    for (const auth of ['token', 'basic'] as const) {
      const project = await startProject({ users: { reader: 'p:w0rd-of-the-reader' }, auth });
      project.registry.put('base', '1', OLD);
      project.write('Dockerfile', 'FROM REGISTRY/base:1\n');
      const without = await project.check();
      assert.deepEqual(without.verdicts, { Dockerfile: 'baseMissing' });
      const login = Buffer.from('reader:p:w0rd-of-the-reader').toString('base64');
      project.write('config.json', JSON.stringify({ auths: { REGISTRY: { auth: login } } }));
      const step = await project.check();
      assert.deepEqual(step.verdicts, { Dockerfile: 'fresh' }, auth);
    }
  });

  it('asks a registry that refuses no further, and calls what it left open unknown', async () => {
    const project = await startProject();
    const { registry } = project;
    for (let count = 0; count < 8; count++) project.write(`${count}/Dockerfile`, `FROM REGISTRY/base:${count}\n`);
    registry.fault = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    const step = await project.check({ onUnknown: 'fail' });
    assert.equal(step.result, 'Failed');
    assert.deepEqual([...new Set(Object.values(step.verdicts))], ['unknown']);
    assert.ok(registry.calls.length <= 3, `${registry.calls.length} requests`);
  });
});
