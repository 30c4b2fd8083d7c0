import assert from 'node:assert/strict';
import { closeProjects, daysAgo, startProject } from './project';
import { READER, startRealRegistry } from './realRegistry';

const CONNECTION = '6f1c7a52-9a0e-4a57-9d0b-1f6f4a6b7c11';

describe('DockerBaseStaleCheck against a real registry', function () {
  this.timeout(60_000);
  after(closeProjects);

  for (const auth of ['none', 'basic', 'token'] as const) {
    it(`judges by age, layers and digest (sign-in: ${auth})`, async () => {
      const registry = await startRealRegistry(auth);
      try {
        const base = { created: daysAgo(60), layers: ['base'] };
        await registry.push('team/base:1', base);
        await registry.push('images/app:latest', { ...base, layers: ['base', 'app'] });
        const project = await startProject();
        project.write('images/app/Dockerfile', `FROM ${registry.host}/team/base:1\n`);
        const endpoints = [
          {
            ...{ id: CONNECTION, name: 'registry', url: `http://${registry.host}/`, scheme: 'UsernamePassword' },
            parameters: { username: READER.name, password: READER.password, registry: `http://${registry.host}/` },
            data: { registrytype: 'Others' },
          },
        ];
        const login = auth === 'none' ? {} : { registryConnections: 'registry' };
        const check = (inputs = {}) => project.check({ ...login, ...inputs }, { endpoints });
        if (auth !== 'none') {
          const anonymous = await project.check();
          assert.deepEqual(anonymous.verdicts, { 'images/app/Dockerfile': 'baseMissing' });
          assert.match(anonymous.report.dockerfiles[0]?.reason ?? '', /without a login/);
        }
        const image = `${registry.host}/\${folder}`;
        assert.deepEqual((await check()).verdicts, { 'images/app/Dockerfile': 'fresh' }, 'by age');
        assert.deepEqual((await check({ image })).verdicts, { 'images/app/Dockerfile': 'fresh' }, 'by layers');
        await check({ updateLock: 'write' });
        await registry.push('team/base:1', { created: daysAgo(1), layers: ['base 2'] });
        for (const inputs of [{ staleWhen: 'age' }, { staleWhen: 'layers', image }, { staleWhen: 'digest' }]) {
          const step = await check(inputs);
          assert.deepEqual(step.verdicts, { 'images/app/Dockerfile': 'stale' }, inputs.staleWhen);
        }
      } finally {
        await registry.close();
      }
    });
  }
});
