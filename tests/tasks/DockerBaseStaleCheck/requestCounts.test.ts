import assert from 'node:assert/strict';
import { closeProjects, daysAgo, startProject } from './project';

const DOCKERFILES = 200;
const BASES = 40;
const PASSWORD = 'the-password-of-the-reader';

describe('DockerBaseStaleCheck: many Dockerfiles', function () {
  this.timeout(90_000);
  after(closeProjects);

  it('cost one HEAD a base and one token a repository while their locks hold, and no manifest or blob', async () => {
    const project = await startProject({ users: { reader: PASSWORD }, auth: 'token' });
    const { registry } = project;
    const auth = Buffer.from(`reader:${PASSWORD}`).toString('base64');
    project.write('config.json', JSON.stringify({ auths: { REGISTRY: { auth } } }));
    for (let base = 0; base < BASES; base++)
      registry.put(`base${base}`, '1', [{ created: daysAgo(60), layers: [`base ${base}`] }]);
    for (let one = 0; one < DOCKERFILES; one++)
      project.write(`${one}/Dockerfile`, `FROM REGISTRY/base${one % BASES}:1\n`);
    await project.check({ updateLock: 'write' });
    registry.calls.splice(0);
    const step = await project.check({ updateLock: 'write' });
    assert.deepEqual([...new Set(Object.values(step.verdicts))], ['fresh'], step.message);
    const counts = { ping: 1, head: BASES, get: 0, token: BASES, throttled: 0 };
    assert.deepEqual(step.report.requests[registry.host], counts);
    const heads = registry.calls.filter(({ method }) => method === 'HEAD').map(({ path }) => path);
    assert.equal(new Set(heads).size, BASES);
    assert.equal(registry.calls.length, 1 + BASES + BASES, 'the report counts what the registry was asked');
    assert.ok(registry.busiest <= 20, `${registry.busiest} at a time: ten questions, and ten for tokens`);
  });
});
