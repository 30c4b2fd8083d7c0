import assert from 'node:assert/strict';
import { releaseVariables } from '../agent/systemVariables';
import {
  closeOrganizations,
  PROJECT,
  startOrganization,
  type Organization,
} from '../tasks/TriggerRelease/organization';
import { publishedRequests, specsFolder, type Sent } from './publishedRequests';

/** How clients find their way on every server, and what only Microsoft's own client library documents. */
const UNPUBLISHED =
  /^(OPTIONS |GET _apis\/resourceAreas|GET _apis\/permissions\/|GET \w+\/_apis\/release\/artifacts\/versions|POST \w+\/_apis\/release\/releases\/\d+\/tags)/i;

/** Fields that Microsoft's own client library has and the documents do not; a collection of properties takes any name. */
const KNOWN_TO_THE_LIBRARY = ['body.createdFor', 'body.properties.PipelineCascade'];

describe('What TriggerRelease sends, and the published documents', function () {
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
    const unknown = problems.filter(
      (one) => !KNOWN_TO_THE_LIBRARY.some((field) => one.includes(`the ${field} is not`)),
    );
    assert.deepEqual([...new Set(unknown)], []);
  });

  it('would be told apart from what nobody published', () => {
    const check = publishedRequests(folder!);
    const path = 'Fabrikam/_apis/Release/releases';
    assert.deepEqual(check({ method: 'POST', path: `${path}?haste=true`, body: { colour: 'red', isDraft: 'no' } }), [
      `POST ${path}: the query parameter 'haste' is not published`,
      `POST ${path}: the body.colour is not published`,
      `POST ${path}: the body.isDraft is a string, not a boolean`,
    ]);
  });

  it('is all that the task knows to ask for', () => {
    const asked = new Set(
      sent.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '').replace(/\d+/g, '1').toLowerCase()}`),
    );
    for (const part of [
      'GET fabrikam/_apis/release/definitions',
      'GET fabrikam/_apis/release/definitions/1',
      'GET fabrikam/_apis/release/artifacts/versions',
      'POST fabrikam/_apis/release/releases',
      'GET fabrikam/_apis/release/releases',
      'GET fabrikam/_apis/release/releases/1',
      'POST fabrikam/_apis/release/releases/1/tags',
      'PATCH fabrikam/_apis/release/releases/1/environments/1',
      'PATCH fabrikam/_apis/release/approvals/1',
      'GET fabrikam/_apis/release/releases/1/manualinterventions',
    ])
      assert.ok(asked.has(part), `${part} of ${[...asked].join('\n')}`);
    assert.ok(
      [...asked].some((one) => /attempts\/1\/plan\/[^/]+\/attachments\//.test(one)),
      'attachments of a stage',
    );
    assert.ok(
      [...asked].some((one) => /^GET [^/]+\/_apis\/build\/builds$/.test(one)),
      'builds',
    );
    assert.ok([...asked].some((one) => /GET [^/]+\/_apis\/git\/repositories\/[^/]+\/refs/.test(one)));
  });
});

/** Steps that between them make every request of the task. */
async function everything(fabrikam: Organization): Promise<void> {
  const { state, faults, url, releaseUrl, token } = fabrikam.emulator;
  const [run] = fabrikam.build(3);
  const settable = { value: '', allowOverride: true };
  const me = ['Project Collection Build Service'];
  fabrikam.define({
    artifacts: { _api: 'api', _code: `git:${PROJECT}` },
    variables: { ring: settable, key: settable },
    stages: [{ name: 'Dev', variables: { target: settable }, preApprovers: me }, { name: 'Test' }, { name: 'Prod' }],
  });
  fabrikam.define({
    name: 'asks',
    stages: [{ name: 'Dev' }],
    script: { durationMs: 0, intervention: { instructions: 'Look' } },
  });
  const outer = state.releaseArea.create(fabrikam.define({ name: 'outer', script: { durationMs: 600_000 } }));
  const inRelease = {
    variables: releaseVariables({
      ...{ collectionUri: url, project: PROJECT, releaseId: outer.id },
      ...{ environmentId: outer.environments[0]!.id, environmentName: 'Dev' },
    }),
    systemConnection: { url: releaseUrl, token },
  };
  const given = {
    artifacts: `_api: ${String(run?.id)}\n_code: { branch: main }`,
    variables: 'ring: eu\nkey: { value: hunter2, isSecret: true }',
    stageVariables: 'Dev: { target: west }',
    tags: 'nightly',
    approvals: 'approve',
  };
  faults.add({ kind: 'dropAfter', match: { method: 'POST', route: 'release/releases' } });
  await fabrikam.run({ ...given, stages: 'Dev, Prod' });
  const asking = await fabrikam.start({ definition: 'asks' });
  let isAsked: () => void;
  const asked = new Promise<void>((resolve) => (isAsked = resolve));
  asking.onLog((line) => line.includes('manual intervention') && isAsked());
  await asked;
  await asking.cancel();
  const created = await fabrikam.run({ artifacts: '_api: { latest: true, branch: main }', draft: 'true' });
  await fabrikam.run({ artifacts: '_code: { branch: gone }' });
  await fabrikam.run({ definition: '1', dryRun: 'true', stages: 'Prod' });
  const rest = { action: 'deploy', releaseTags: 'nightly', releaseBranch: 'main', proceedWhenSkipped: 'true' };
  await fabrikam.run({ ...rest, stages: 'Test', stageVariables: 'Dev: { target: west }' });
  await fabrikam.run({ action: 'approve', release: created.outputs.releaseName ?? '' });
  await fabrikam.run({ action: 'wait' }, inRelease);
}
