import assert from 'node:assert/strict';
import { closeOrganizations, startOrganization, until, type Organization } from '../tasks/TriggerPipeline/organization';
import { publishedRequests, specsFolder, type Sent } from './publishedRequests';

/** How clients find their way on every server; not part of the published documents. */
const UNPUBLISHED = /^(OPTIONS |GET _apis\/resourceAreas)/;

describe('What TriggerPipeline sends, and the published documents', function () {
  this.timeout(60_000);
  const folder = specsFolder();
  let sent: Sent[] = [];

  before(async function () {
    if (folder === undefined) {
      console.log('      ../shared/specs is not there: nothing is compared with the published documents');
      this.skip();
    }
    const fabrikam = await startOrganization();
    await everything(fabrikam);
    sent = fabrikam.emulator.calls.map(({ method, path, body }) => ({
      method,
      path: path.replace(/^\/[^/]+\//, ''),
      body,
    }));
  });
  after(closeOrganizations);

  it('is published: addresses, methods, query parameters and bodies', () => {
    const check = publishedRequests(folder!);
    const problems = sent.filter(({ method, path }) => !UNPUBLISHED.test(`${method} ${path}`)).flatMap(check);
    assert.deepEqual([...new Set(problems)], []);
  });

  it('would be told apart from what nobody published', () => {
    const check = publishedRequests(folder!);
    const path = 'Fabrikam/_apis/build/builds';
    const body = { definition: { id: 'eleven' }, colour: 'red', reason: 'boredom' };
    assert.deepEqual(check({ method: 'POST', path: `${path}?haste=true`, body }), [
      `POST ${path}: the query parameter 'haste' is not published`,
      `POST ${path}: the body.definition.id is a string, not a number`,
      `POST ${path}: the body.colour is not published`,
      `POST ${path}: the body.reason is "boredom", none of its words`,
    ]);
    assert.deepEqual(check({ method: 'PUT', path, body }), [`PUT ${path} is not published`]);
  });

  it('is all that the task knows to ask for', () => {
    const asked = new Set(sent.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/\d+/g, '1')}`));
    for (const part of [
      'GET Fabrikam/_apis/build/definitions',
      'GET Fabrikam/_apis/build/definitions/1',
      'POST Fabrikam/_apis/pipelines/1/preview',
      'POST Fabrikam/_apis/pipelines/1/runs',
      'POST Fabrikam/_apis/build/builds',
      'GET Fabrikam/_apis/build/builds',
      'GET Fabrikam/_apis/build/builds/1/timeline',
      'POST Fabrikam/_apis/build/builds/1/tags',
      'PATCH Fabrikam/_apis/build/builds/1',
    ])
      assert.ok(asked.has(part), part);
    assert.ok([...asked].some((one) => /GET Fabrikam\/_apis\/git\/repositories\/[^/]+\/refs/.test(one)));
    assert.ok([...asked].some((one) => /GET Fabrikam\/_apis\/git\/repositories\/[^/]+\/items/.test(one)));
  });
});

/** Steps that between them make every request of the task. */
async function everything(fabrikam: Organization): Promise<void> {
  const settable = { value: '', allowOverride: true };
  const rebuild = fabrikam.add({
    parameters: [{ name: 'image', default: 'r' }],
    variables: { region: settable, key: settable },
    stages: [{ name: 'Build' }, { name: 'Scan', dependsOn: [] }],
  });
  fabrikam.add({ name: 'classic', kind: 'classic', variables: { region: settable } });
  fabrikam.add({ name: 'long', script: { durationMs: 600_000 } });
  const { state, faults } = fabrikam.emulator;
  state.tags(rebuild).v1 = state.branches(rebuild).main!;
  faults.add({ kind: 'dropAfter', match: { method: 'POST', route: 'build/builds' } });
  const long = await fabrikam.start({ pipeline: 'long' });
  await until(() => fabrikam.calls('GET', 'build/builds').length > 1);
  await long.cancel();
  const commit = state.branches(rebuild).main!;
  const variables = 'region: eu\nkey: { value: hunter2, isSecret: true }';
  await Promise.all([
    fabrikam.run({ parameters: 'image: x', variables: 'region: eu', branch: 'main', commit, tags: 'nightly' }),
    fabrikam.run({ pipeline: String(rebuild.id), stages: 'Build', variables, branch: 'refs/heads/main', commit }),
    fabrikam.run({ pipeline: 'classic', variables: 'region: eu' }),
    fabrikam.run({ branch: 'v1', dryRun: 'true' }),
    fabrikam.run({ branch: 'v1' }),
    fabrikam.run({ parameters: 'imgae: x', commit }),
    fabrikam.run({ pipeline: 'rebuidl' }),
  ]);
}
