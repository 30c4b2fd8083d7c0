import assert from 'node:assert/strict';
import path from 'node:path';
import { startProxy } from '../../../signin/proxy';
import { startProject } from '../project';
import { NEW, number, OLD, succeed, withImages, word, type InputTests } from './inputTest';

const CONNECTION = '4f8a1d0b-5b7e-4f0c-9c7d-222222222222';

/** Inputs that say which images there are, and what makes them stale. */
export const WHAT_IS_STALE: InputTests = {
  searchFolder: {
    use: [
      'is where Dockerfiles are looked for, and paths begin there',
      async () => {
        const project = await withImages();
        const step = await succeed(project, { searchFolder: path.join(project.folder, 'a') });
        assert.deepEqual(step.verdicts, { Dockerfile: 'stale' });
      },
    ],
    misuse: { inputs: { searchFolder: '/there/is/no/such/folder' }, says: /^searchFolder: '\S+' cannot be searched: / },
  },
  dockerfiles: {
    use: [
      'are patterns, of which those with ! take away again',
      async () => {
        const project = await withImages();
        project.write('c/My.dockerfile', 'FROM REGISTRY/base:old\n');
        project.write('d/Other', 'FROM REGISTRY/base:old\n');
        const step = await succeed(project, { dockerfiles: '**/*file\n!b/**' });
        assert.deepEqual(Object.keys(step.verdicts), ['a/Dockerfile', 'c/My.dockerfile']);
      },
    ],
    misuse: { inputs: { dockerfiles: '$(files)' }, says: /^dockerfiles: the variable 'files' is not set in this job/ },
  },
  staleWhen: {
    use: [
      'age looks at dates alone, although a lock would know better',
      async () => {
        const project = await withImages();
        project.registry.put('base', 'old', NEW);
        await succeed(project, { updateLock: 'write', maxAgeDays: '0' });
        assert.equal((await succeed(project, {})).verdicts['b/Dockerfile'], 'fresh');
        assert.equal((await succeed(project, { staleWhen: 'age' })).verdicts['b/Dockerfile'], 'stale');
      },
    ],
    misuse: word('staleWhen', 'auto, age, digest, layers'),
  },
  maxAgeDays: {
    use: [
      'is how long ago a base may have been updated to count',
      async () => {
        const project = await withImages();
        const step = await succeed(project, { maxAgeDays: '61' });
        assert.deepEqual(Object.values(step.verdicts), ['stale', 'stale']);
      },
    ],
    misuse: number('maxAgeDays', 0, 36_500),
  },
  cooldownHours: {
    use: [
      'keeps a young base pending',
      async () => {
        const project = await withImages();
        assert.equal((await succeed(project, { cooldownHours: '48' })).verdicts['a/Dockerfile'], 'pending');
        assert.equal((await succeed(project, { cooldownHours: '12' })).verdicts['a/Dockerfile'], 'stale');
      },
    ],
    misuse: number('cooldownHours', 0, 876_000),
  },
  image: {
    use: [
      'is what is built from a Dockerfile: stale when it has not the layers of its base any more',
      async () => {
        const project = await withImages();
        project.registry.put('built/a', 'latest', [{ ...OLD, layers: ['base 2', 'app'] }]);
        project.registry.put('built/b', 'latest', [{ ...OLD, layers: ['earlier base', 'app'] }]);
        const step = await succeed(project, { image: `${project.registry.host}/built/\${folder}` });
        assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'fresh', 'b/Dockerfile': 'stale' });
      },
    ],
    misuse: { inputs: { image: 'contoso.azurecr.io/${fodler}' }, says: /^image: '\$\{fodler\}' is no placeholder/ },
  },
  scope: {
    use: [
      'reachable counts build stages too',
      async () => {
        const project = await startProject();
        project.registry.put('base', 'new', NEW);
        project.registry.put('base', 'old', OLD);
        project.write('Dockerfile', 'FROM REGISTRY/base:new AS b\nFROM REGISTRY/base:old\nCOPY --from=b /x /x\n');
        assert.deepEqual((await succeed(project)).verdicts, { Dockerfile: 'fresh' });
        assert.deepEqual((await succeed(project, { scope: 'reachable' })).verdicts, { Dockerfile: 'stale' });
      },
    ],
    misuse: word('scope', 'final, reachable'),
  },
  onUnknown: {
    use: [
      'is what an image that cannot be judged makes of the step, or of the image',
      async () => {
        const project = await withImages();
        project.write('b/Dockerfile', 'FROM REGISTRY/base:none\n');
        assert.equal((await project.check()).result, 'SucceededWithIssues');
        assert.equal((await project.check({ onUnknown: 'fail' })).result, 'Failed');
        assert.equal((await succeed(project, { onUnknown: 'stale' })).verdicts['b/Dockerfile'], 'stale');
      },
    ],
    misuse: word('onUnknown', 'fail, warn, stale'),
  },
  onStale: {
    use: [
      'makes a gate of the step',
      async () => {
        const project = await withImages();
        assert.equal((await project.check({ onStale: 'fail' })).result, 'Failed');
        assert.equal((await project.check({ onStale: 'warn' })).result, 'SucceededWithIssues');
        await succeed(project, { onStale: 'fail', dockerfiles: 'b/Dockerfile' });
      },
    ],
    misuse: word('onStale', 'succeed, warn, fail'),
  },
  buildArgs: {
    use: [
      'are values of ARG, for all files or for those of a pattern',
      async () => {
        const project = await withImages();
        for (const folder of ['a', 'b']) project.write(`${folder}/Dockerfile`, 'ARG T\nFROM REGISTRY/base:$T\n');
        const step = await succeed(project, { buildArgs: 'T: old\n"b/**": { T: new }' });
        assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'fresh', 'b/Dockerfile': 'stale' });
      },
    ],
    misuse: { inputs: { buildArgs: '- T' }, says: /^buildArgs: / },
  },
  buildContexts: {
    use: [
      'take the place of an image',
      async () => {
        const project = await withImages();
        const { host } = project.registry;
        const step = await succeed(project, { buildContexts: `${host}/base:new: docker-image://${host}/base:old` });
        assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'fresh', 'b/Dockerfile': 'fresh' });
      },
    ],
    misuse: { inputs: { buildContexts: 'just text' }, says: /^buildContexts: / },
  },
  targetStage: {
    use: [
      'is the stage that is built, of all files or of those of a pattern',
      async () => {
        const project = await withImages();
        for (const folder of ['a', 'b'])
          project.write(`${folder}/Dockerfile`, 'FROM REGISTRY/base:new AS one\nFROM REGISTRY/base:old AS two\n');
        const step = await succeed(project, { targetStage: '"b/**": one' });
        assert.deepEqual(step.verdicts, { 'a/Dockerfile': 'fresh', 'b/Dockerfile': 'stale' });
        const wrong = await project.check({ targetStage: 'three' });
        assert.deepEqual(wrong.verdicts, { 'a/Dockerfile': 'invalid', 'b/Dockerfile': 'invalid' });
      },
    ],
    misuse: { inputs: { targetStage: '[one, two]' }, says: /^targetStage: one text is wanted/ },
  },
  platforms: {
    use: [
      'are those that count: stale for one is stale',
      async () => {
        const project = await withImages();
        project.registry.put('base', 'old', [
          { ...OLD, architecture: 'amd64' },
          { ...NEW, architecture: 'arm64' },
        ]);
        assert.equal((await succeed(project)).verdicts['b/Dockerfile'], 'fresh');
        const step = await succeed(project, { platforms: 'linux/amd64, linux/arm64', dockerfiles: 'b/Dockerfile' });
        assert.equal(step.verdicts['b/Dockerfile'], 'stale');
      },
    ],
    misuse: {
      inputs: { platforms: 'linux/amd64/v1/x' },
      says: /^platforms: 'linux\/amd64\/v1\/x' is no platform: write one such as linux\/arm64\.$/,
    },
  },
  registryConnections: {
    use: [
      'are logins of registries',
      async () => {
        const project = await startProject({ users: { reader: 'password-of-the-reader' }, auth: 'basic' });
        project.registry.put('base', 'old', [OLD]);
        project.write('Dockerfile', 'FROM REGISTRY/base:old\n');
        const url = `http://${project.registry.host}/`;
        const endpoint = {
          ...{ id: CONNECTION, name: 'registry', url, scheme: 'UsernamePassword', data: { registrytype: 'Others' } },
          parameters: { username: 'reader', password: 'password-of-the-reader', registry: url },
        };
        assert.equal((await project.check()).result, 'SucceededWithIssues');
        const step = await succeed(project, { registryConnections: CONNECTION }, { endpoints: [endpoint] });
        assert.deepEqual([step.verdicts, step.leaks], [{ Dockerfile: 'fresh' }, []]);
      },
    ],
    misuse: {
      inputs: { registryConnections: CONNECTION },
      says: /^registryConnections: the job carries no service connection/,
    },
  },
  registryMirrors: {
    use: [
      'are asked instead of a registry',
      async () => {
        const project = await startProject();
        project.registry.put('library/python', '3', [OLD]);
        project.write('Dockerfile', 'FROM python:3\n');
        const step = await succeed(project, { registryMirrors: `docker.io: ${project.registry.host}` });
        assert.deepEqual(Object.keys(step.report.requests), [project.registry.host]);
      },
    ],
    misuse: { inputs: { registryMirrors: 'docker.io' }, says: /^registryMirrors: / },
  },
  insecureRegistries: {
    use: [
      'speak plain http',
      async () => {
        const project = await startProject();
        project.registry.put('team/base', '1', [OLD]);
        project.write('Dockerfile', 'FROM registry.example:5000/team/base:1\n');
        const proxy = await startProxy({
          hosts: { 'registry.example:5000': Number(project.registry.host.split(':')[1]) },
        });
        const env = {
          DOCKER_CONFIG: project.folder,
          HTTP_PROXY: proxy.url,
          HTTPS_PROXY: proxy.url,
          NO_PROXY: '127.0.0.1',
        };
        try {
          await succeed(project, { insecureRegistries: 'registry.example:5000' }, { env });
        } finally {
          await proxy.close();
        }
      },
    ],
    misuse: { inputs: { insecureRegistries: '{ a: b }' }, says: /^insecureRegistries: / },
  },
};
