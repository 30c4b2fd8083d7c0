import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import Ajv from 'ajv';
import { startPackageIndexes } from '../../../emulator/packages/server';
import { closeProjects, daysAgo, startProject, type Checked } from './project';

const SCHEMA = path.join(__dirname, '../../../tasks/DockerBaseStaleCheck/report.schema.json');
const OLD = { created: daysAgo(60), layers: ['base'] };

describe('The report of DockerBaseStaleCheck', function () {
  this.timeout(60_000);
  const validate = new Ajv({ allErrors: true }).compile(JSON.parse(fs.readFileSync(SCHEMA, 'utf8')) as object);
  after(closeProjects);

  function assertFits({ report }: Checked): void {
    assert.ok(validate(report), JSON.stringify(validate.errors, undefined, 1));
  }

  it('fits its schema, whatever the verdicts and the roles of images', async () => {
    const project = await startProject();
    const digest = project.registry.put('base', 'old', OLD);
    project.registry.put('base', 'new', { ...OLD, created: daysAgo(1) });
    project.registry.put('base', 'undated', { layers: ['x'] });
    const dockerfiles = {
      fresh: 'FROM REGISTRY/base:old',
      stale: 'FROM REGISTRY/base:new AS one\nFROM one\nCOPY --from=REGISTRY/base:old /a /a',
      mount: 'FROM REGISTRY/base:old\nRUN --mount=from=REGISTRY/base:new,target=/m true',
      pinned: `FROM REGISTRY/base:old@${digest}`,
      unknown: 'FROM REGISTRY/base:undated',
      unresolved: 'ARG BASE\nFROM $BASE',
      baseMissing: 'FROM REGISTRY/base:gone',
      noBase: 'FROM scratch',
      invalid: 'FROM a b',
      other: '# not one',
    };
    for (const [name, text] of Object.entries(dockerfiles)) project.write(`${name}/Dockerfile`, `${text}\n`);
    const step = await project.check({ scope: 'reachable' });
    for (const verdict of ['fresh', 'stale', 'pinned', 'unknown', 'unresolved', 'baseMissing', 'noBase', 'invalid'])
      assert.equal(step.verdicts[`${verdict}/Dockerfile`], verdict);
    const roles = new Set(step.report.dockerfiles.flatMap(({ references }) => references.map(({ role }) => role)));
    assert.deepEqual([...roles].toSorted(), ['base', 'copy', 'mount']);
    assertFits(step);
  });

  it('fits its schema with packages, and with what cannot be read', async () => {
    const indexes = await startPackageIndexes();
    try {
      indexes.put({ kind: 'pypi' }, 'numpy', [{ version: '2.3.1', released: daysAgo(2) }]);
      const project = await startProject();
      project.registry.put('base', 'old', OLD);
      project.write(
        'Dockerfile',
        'FROM REGISTRY/base:old\nRUN pip install numpy six==1.0\nRUN curl x.example/a | sh\n',
      );
      const step = await project.check({ packages: 'pip', packageIndexes: `pip: ${indexes.urls.pip}` });
      const [one] = step.report.dockerfiles;
      assert.deepEqual(
        one?.packages.map(({ name, verdict }) => [name, verdict]),
        [
          ['numpy', 'stale'],
          ['six', 'pinned'],
        ],
      );
      assert.equal(one.unreadable?.length, 1);
      assertFits(step);
    } finally {
      await indexes.close();
    }
  });

  it('would not fit with a verdict of another name, a row without a reason, or a field that nobody documented', () => {
    const row = { path: 'a', folder: '.', target: '0', verdict: 'fresh', reason: 'x', references: [], packages: [] };
    const fits = (change: object) => validate({ version: 1, dockerfiles: [{ ...row, ...change }], requests: {} });
    assert.equal(fits({}), true);
    for (const change of [{ verdict: 'old' }, { reason: '' }, { note: 'x' }])
      assert.equal(fits(change), false, JSON.stringify(change));
  });
});
