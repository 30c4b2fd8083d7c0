import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { ImageRecipe } from '../../../emulator/registry/images';
import { makeCertificate } from '../../signin/certificates';
import { issuesOf, logOf } from '../TriggerPipeline/organization';
import { together } from '../together';
import { closeProjects, daysAgo, startProject, type Checked, type Project } from './project';
import { startRealRegistry, type RealRegistry } from './realRegistry';

const OLD = { created: daysAgo(60), layers: ['base'] };
const NEW = { created: daysAgo(3), layers: ['base 2'] };

function reasonOf({ report }: Checked, file = 'Dockerfile'): string {
  return report.dockerfiles.find(({ path: one }) => one === file)?.reason ?? '';
}

function addPipeline({ emulator: { state } }: Project, result = 'succeeded', durationMs = 0): void {
  const script = { durationMs, result };
  state.addPipeline({ name: 'rebuild', parameters: [{ name: 'image', type: 'string' }], script });
}

describe('Each verdict of DockerBaseStaleCheck, against a real registry', function () {
  this.timeout(120_000);
  let registry: RealRegistry;
  let names = 0;
  // Before the tests, which begin with `together`.
  before(async () => (registry = await startRealRegistry()));
  const it = together();
  after(async () => {
    await registry.close();
    await closeProjects();
  });

  /** A project whose Dockerfile stands on an image of its own; `push` changes that image. */
  async function standingOn(recipes: ImageRecipe | ImageRecipe[], note?: string) {
    const project = await startProject();
    const name = `team/base${++names}`;
    const base = `${registry.host}/${name}:1`;
    const push = (changed: ImageRecipe | ImageRecipe[], another?: string) =>
      registry.push(`${name}:1`, changed, another);
    const digest = await push(recipes, note);
    project.write('Dockerfile', `FROM ${base}\n`);
    return { project, base, name, push, digest };
  }

  async function locked(recipes: ImageRecipe | ImageRecipe[], note?: string) {
    const scene = await standingOn(recipes, note);
    const { verdicts } = await scene.project.check({ updateLock: 'write' });
    assert.deepEqual(verdicts, { Dockerfile: 'fresh' });
    return scene;
  }

  it('fresh: by age, a base that was updated longer ago than maxAgeDays', async () => {
    const { project } = await standingOn(OLD);
    const step = await project.check();
    assert.deepEqual([step.verdicts.Dockerfile, step.result], ['fresh', 'Succeeded']);
    assert.match(
      reasonOf(step),
      /was updated at \d{4}-\d\d-\d\d \d\d:\d\d UTC \(60 days ago\), longer ago than 7 days/,
    );
    assert.deepEqual([step.outputs.anyStale, step.outputs.staleCount, step.outputs.stale], ['false', '0', '[]']);
  });

  it('stale: by age, a base that was updated within maxAgeDays, to the day', async () => {
    const { project } = await standingOn(NEW);
    const step = await project.check({ maxAgeDays: '4' });
    assert.equal(step.verdicts.Dockerfile, 'stale');
    assert.match(reasonOf(step), /\(3 days ago\), within 4 days$/);
    assert.equal((await project.check({ maxAgeDays: '2' })).verdicts.Dockerfile, 'fresh');
  });

  it('stale: by digest, with the digests from and to and when', async () => {
    const { project, base, push } = await locked([OLD, { ...OLD, architecture: 'arm64' }]);
    await push([NEW, { ...OLD, architecture: 'arm64' }]);
    const step = await project.check();
    assert.equal(step.verdicts.Dockerfile, 'stale');
    assert.match(
      reasonOf(step),
      new RegExp(`^base ${base} moved from sha256:[0-9a-f]{12}… to sha256:[0-9a-f]{12}… 3 days ago \\(linux/amd64\\)$`),
    );
    assert.equal(
      (await project.check({ platforms: 'linux/arm64' })).verdicts.Dockerfile,
      'fresh',
      'the lock does not know that platform, whose image is two months old',
    );
  });

  it('stale: by layers, when the built image no longer begins with its base', async () => {
    const { project, push, name } = await standingOn(OLD);
    const inputs = { image: `${registry.host}/${name}-app` };
    await registry.push(`${name}-app:latest`, { ...OLD, layers: ['base', 'app'] });
    assert.equal((await project.check(inputs)).verdicts.Dockerfile, 'fresh');
    await push({ ...OLD, layers: ['base', 'more'] });
    const step = await project.check(inputs);
    assert.equal(step.verdicts.Dockerfile, 'stale');
    assert.match(
      reasonOf(step),
      /is not built on the .* of now, updated 60 days ago, for linux\/amd64 \(other layers\)/,
    );
  });

  it('stale: an image that was never built', async () => {
    const { project, name } = await standingOn(OLD);
    const step = await project.check({ image: `${registry.host}/${name}-app` });
    assert.equal(step.verdicts.Dockerfile, 'stale');
    assert.match(reasonOf(step), /not found.*it was not built yet/);
  });

  it('stale: a base of equal layers whose configuration changed, by digest and by layers', async () => {
    const { project, push, name } = await locked([OLD]);
    await registry.push(`${name}-app:latest`, { ...OLD, layers: ['base', 'app'] });
    await push([{ ...OLD, env: ['PATH=/opt'] }]);
    assert.equal((await project.check()).verdicts.Dockerfile, 'stale');
    const inputs = { image: `${registry.host}/${name}-app`, staleWhen: 'layers' };
    const byLayers = await project.check(inputs);
    assert.equal(byLayers.verdicts.Dockerfile, 'stale');
    assert.match(reasonOf(byLayers), /linux\/amd64 \(other configuration\)/);
  });

  it('fresh: an index to which another architecture or other attestations were added, and an image packed anew', async () => {
    const { project, push } = await locked([OLD], 'first');
    await push([OLD, { ...OLD, architecture: 'arm64' }], 'second');
    const churned = await project.check();
    assert.equal(churned.verdicts.Dockerfile, 'fresh');
    assert.match(reasonOf(churned), /only its index changed, the image of linux\/amd64 did not/);
    await push([{ ...OLD, repacked: true }], 'third');
    const repacked = await project.check();
    assert.equal(repacked.verdicts.Dockerfile, 'fresh');
    assert.match(reasonOf(repacked), /packed anew, with the same content/);
  });

  it('pinned: by digest, with advice when the tag has moved', async () => {
    const { project, base, push, digest } = await standingOn(OLD);
    project.write('Dockerfile', `FROM ${base}@${digest}\n`);
    const still = await project.check({ onUnknown: 'fail', onStale: 'fail' });
    assert.deepEqual([still.verdicts.Dockerfile, still.result], ['pinned', 'Succeeded']);
    assert.equal(reasonOf(still), 'it is pinned by digest');
    const moved = await push(NEW);
    const step = await project.check();
    assert.equal(step.verdicts.Dockerfile, 'pinned');
    assert.equal(reasonOf(step), `it is pinned by digest; the tag '1' is ${moved} by now`);
  });

  it('pending: a base within its cooldown, and an image whose rebuild runs', async () => {
    const { project, push } = await standingOn(NEW);
    addPipeline(project, 'succeeded', 3_600_000);
    const inputs = { pipeline: 'rebuild', parameters: 'image: ${folder}' };
    const cooling = await project.check({ ...inputs, cooldownHours: '96' });
    assert.equal(cooling.verdicts.Dockerfile, 'pending');
    assert.match(reasonOf(cooling), /still in its cooldown until .*; .*3 days ago/);
    assert.equal(project.emulator.state.runs.length, 0);
    await push({ ...NEW, created: daysAgo(5) });
    assert.equal((await project.check({ ...inputs, cooldownHours: '96' })).verdicts.Dockerfile, 'stale');
    const running = await project.check(inputs);
    assert.equal(running.verdicts.Dockerfile, 'pending');
    assert.match(reasonOf(running), /^its rebuild \S+ runs; /);
    assert.equal(project.emulator.state.runs.length, 1);
  });

  it('pending: an image on another one of the same search that is rebuilt first', async () => {
    const { project, name } = await standingOn(NEW);
    const app = `${registry.host}/${name}/app`;
    await registry.push(`${name}/app:latest`, OLD);
    project.write('on/Dockerfile', `FROM ${app}\n`);
    addPipeline(project);
    const inputs = { pipeline: 'rebuild', parameters: 'image: ${folder}', staleWhen: 'age' };
    const step = await project.check({ ...inputs, image: `{ Dockerfile: "${app}", on: "${app}/on" }` });
    assert.deepEqual(step.verdicts, { Dockerfile: 'stale', 'on/Dockerfile': 'pending' });
    assert.equal(reasonOf(step, 'on/Dockerfile'), 'after Dockerfile, from which its base is built');
  });

  it('held: an image whose last runs failed', async () => {
    const { project } = await standingOn(NEW);
    addPipeline(project, 'failed');
    const inputs = { pipeline: 'rebuild', parameters: 'image: ${folder}', maxFailures: '1' };
    await project.check({ ...inputs, waitForCompletion: 'true' });
    const step = await project.check(inputs);
    assert.equal(step.verdicts.Dockerfile, 'held');
    assert.match(reasonOf(step), /its last 1 run failed, the last one was \S+ http\S+\. It is started again after/);
    assert.deepEqual([step.outputs.anyStale, project.emulator.state.runs.length], ['false', 1]);
  });

  it('unknown: a base without a usable date, and an image that keeps no layers of it', async () => {
    const { project, base, name } = await standingOn({ ...OLD, created: '1980-01-01T00:00:01Z' });
    const undated = await project.check();
    assert.deepEqual([undated.verdicts.Dockerfile, undated.result], ['unknown', 'SucceededWithIssues']);
    assert.match(reasonOf(undated), new RegExp(`^${base} has no usable date`));
    await registry.push(`${name}-app:latest`, { ...OLD, layers: [] });
    const squashed = await project.check({ image: `${registry.host}/${name}-app` });
    assert.equal(squashed.verdicts.Dockerfile, 'unknown');
    assert.match(reasonOf(squashed), /keeps none of the layers/);
  });

  it('unresolved: an ARG without value, and a reference that is none, each with its line', async () => {
    const project = await startProject();
    project.write('a/Dockerfile', 'ARG BASE\nFROM $BASE\n');
    project.write('b/Dockerfile', '# a comment\nFROM REPLACE-ME\n');
    const step = await project.check({ onUnknown: 'fail' });
    assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'unresolved', 'b/Dockerfile': 'unresolved' });
    assert.match(
      reasonOf(step, 'a/Dockerfile'),
      /^line 2: '\$BASE' cannot be resolved: .*; BASE has no value: give it in buildArgs$/,
    );
    assert.match(reasonOf(step, 'b/Dockerfile'), /^line 2: 'REPLACE-ME' cannot be resolved: .*must be lowercase/);
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /2 could not be judged: a\/Dockerfile \(line 2/);
  });

  it('baseMissing: a repository, a tag and a platform that are not there', async () => {
    const { project, base, name } = await standingOn([OLD]);
    project.write('tag/Dockerfile', `FROM ${registry.host}/${name}:2\n`);
    project.write('repository/Dockerfile', `FROM ${registry.host}/nobody/nothing\n`);
    const step = await project.check();
    assert.deepEqual(step.verdicts, {
      Dockerfile: 'fresh',
      'repository/Dockerfile': 'baseMissing',
      'tag/Dockerfile': 'baseMissing',
    });
    assert.match(reasonOf(step, 'tag/Dockerfile'), /: not found \(404/);
    const platform = await project.check({ platforms: 'linux/amd64, linux/riscv64' });
    assert.equal(platform.verdicts.Dockerfile, 'baseMissing');
    assert.equal(reasonOf(platform), `${base}: it is not offered for linux/riscv64, only for linux/amd64`);
  });

  it('noBase: scratch, also by an argument and behind a stage, without one request', async () => {
    const project = await startProject();
    project.write('a/Dockerfile', 'FROM scratch\nCOPY a /\n');
    project.write('b/Dockerfile', 'ARG B=scratch\nFROM $B AS empty\nFROM empty\n');
    const step = await project.check({ onUnknown: 'fail' });
    assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'noBase', 'b/Dockerfile': 'noBase' });
    assert.deepEqual([step.result, step.report.requests], ['Succeeded', {}]);
  });

  it('invalid: what BuildKit would refuse, with its line and reason, while others are still judged', async () => {
    const { project } = await standingOn(NEW);
    project.write('bad/Dockerfile', 'FROM alpine:3.19\nRUN true\nCOPI a /b\n');
    const step = await project.check();
    assert.deepEqual(step.verdicts, { Dockerfile: 'stale', 'bad/Dockerfile': 'invalid' });
    const bad = step.report.dockerfiles.find(({ verdict }) => verdict === 'invalid');
    assert.match(bad?.error ?? '', /^line 3: unknown instruction: COPI/);
    assert.equal(step.result, 'SucceededWithIssues');
  });

  it('an error is never fresh: a registry that is down, that only fails, or whose answer has another digest', async () => {
    const { project } = await locked(OLD);
    const down = await startRealRegistry();
    await down.close();
    project.write('down/Dockerfile', `FROM ${down.host}/team/base:1\n`);
    const { registry: emulated } = project;
    emulated.put('bad', '1', OLD);
    project.write('bad/Dockerfile', 'FROM REGISTRY/bad:1\n');
    emulated.fault = ({ path: at }) => (at.includes('/bad/') ? { status: 503 } : undefined);
    const step = await project.check();
    assert.deepEqual(step.verdicts, { Dockerfile: 'fresh', 'bad/Dockerfile': 'unknown', 'down/Dockerfile': 'unknown' });
    assert.match(reasonOf(step, 'down/Dockerfile'), /could not be checked: \S+ cannot be reached: .*ECONNREFUSED/);
    assert.match(reasonOf(step, 'bad/Dockerfile'), /could not be checked: \S+ failed \(503\)/);
    emulated.fault = ({ method }) => (method === 'GET' ? { status: 200, text: '{}' } : undefined);
    const forged = await project.check();
    assert.match(reasonOf(forged, 'bad/Dockerfile'), /the registry's answer does not have the digest sha256:/);
  });

  it('a certificate of an authority that is not known is said; with the authority the image is judged', async () => {
    const authority = makeCertificate({ name: 'Contoso Root', isAuthority: true });
    const certified = makeCertificate({ name: 'registry', issuer: authority, hosts: ['127.0.0.1'] });
    const secure = await startRealRegistry('basic', certified);
    try {
      await secure.push('team/base:1', NEW);
      const project = await startProject();
      project.write('Dockerfile', `FROM ${secure.host}/team/base:1\n`);
      const login = Buffer.from('reader:pass-of-the-reader').toString('base64');
      project.write('config.json', JSON.stringify({ auths: { [secure.host]: { auth: login } } }));
      const stranger = await project.check();
      assert.equal(stranger.verdicts.Dockerfile, 'unknown');
      assert.match(reasonOf(stranger), /cannot be reached: .*Check the certificate of 127\.0\.0\.1:\d+; .*--sslcacert/);
      const file = path.join(project.folder, 'ca.pem');
      fs.writeFileSync(file, authority.certificate);
      const byAgent = await project.check({}, { variables: { ...project.variables, 'agent.cainfo': file } });
      assert.equal(byAgent.verdicts.Dockerfile, 'stale', logOf(byAgent));
      const byNode = await project.check({}, { env: { DOCKER_CONFIG: project.folder, NODE_EXTRA_CA_CERTS: file } });
      assert.equal(byNode.verdicts.Dockerfile, 'stale');
      assert.deepEqual(Object.keys(byNode.report.requests), [secure.host]);
    } finally {
      await secure.close();
    }
  });

  it('a broken lock file is named and never overwritten, even where the image is rebuilt to be safe', async () => {
    const { project } = await standingOn(NEW);
    addPipeline(project);
    for (const text of ['<<<<<<< HEAD\n{}\n', '{ "version": 7 }', '{ "version": 1, "bases": [{}] }']) {
      project.write('Dockerfile.lock.json', text);
      const inputs = { pipeline: 'rebuild', parameters: `image: a${names++}`, updateLock: 'write', onUnknown: 'stale' };
      const broken = await project.check({ updateLock: 'write' });
      assert.equal(broken.verdicts.Dockerfile, 'unknown', text);
      assert.match(reasonOf(broken), /its lock file \S+Dockerfile\.lock\.json cannot be read: /);
      const started = project.emulator.state.runs.length;
      const step = await project.check(inputs);
      assert.equal(step.verdicts.Dockerfile, 'stale');
      assert.match(reasonOf(step), /rebuilt to be safe \(onUnknown\), because its lock file/);
      assert.equal(project.emulator.state.runs.length, started + 1);
      assert.equal(project.read('Dockerfile.lock.json'), text);
    }
  });

  it('a file that cannot be read is unknown, a pattern that fits nothing is said', async () => {
    const { project } = await standingOn(OLD);
    project.write('big/Dockerfile', `FROM scratch\n#${' '.repeat(1_100_000)}\n`);
    fs.symlinkSync('nowhere', path.join(project.folder, 'Containerfile'));
    const step = await project.check();
    assert.deepEqual(step.verdicts, { Containerfile: 'unknown', Dockerfile: 'fresh', 'big/Dockerfile': 'unknown' });
    assert.match(reasonOf(step, 'Containerfile'), /^it cannot be read: ENOENT/);
    assert.match(reasonOf(step, 'big/Dockerfile'), /^it cannot be read: The file has \d+ bytes/);
    const empty = await project.check({ dockerfiles: 'images/**/Dockerfile' });
    assert.deepEqual([empty.verdicts, empty.outputs.anyStale], [{}, 'false']);
    assert.match(issuesOf(empty, 'warning').join('\n'), /nothing fits the pattern 'images\/\*\*\/Dockerfile'/);
    const nowhere = await project.check({ searchFolder: path.join(project.folder, 'nowhere') });
    assert.equal(nowhere.result, 'Failed');
    assert.match(nowhere.message ?? '', /^searchFolder: '.*nowhere' cannot be searched: ENOENT/);
  });

  it('names the ONBUILD instructions of a base in its reason', async () => {
    const { project } = await standingOn({ ...OLD, onBuild: ['COPY . /app', 'RUN npm ci'] });
    const step = await project.check();
    assert.equal(step.verdicts.Dockerfile, 'fresh');
    assert.match(reasonOf(step), /; the base adds ONBUILD COPY \. \/app, ONBUILD RUN npm ci$/);
  });

  it('takes the versions of Windows in an index for one platform', async () => {
    const windows = (osVersion: string, layer: string) => {
      return { os: 'windows', osVersion, created: OLD.created, layers: [layer] };
    };
    const first = [windows('10.0.17763.6414', '2019'), windows('10.0.20348.2700', '2022')];
    const { project, push } = await locked(first);
    await push([windows('10.0.17763.6414', '2019'), windows('10.0.20348.2762', '2022 patched')]);
    const step = await project.check();
    assert.equal(step.verdicts.Dockerfile, 'stale');
    assert.match(reasonOf(step), /\(windows\(10\.0\.20348\)\/amd64\)$/);
  });
});
