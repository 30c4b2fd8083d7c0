import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, fastTime, logOf, startOrganization } from './organization';

describe('TriggerRelease: what it asks of the service', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('needs at most four requests before a creation by id, with versions, stages and variables as well', async () => {
    const fabrikam = await startOrganization();
    const [run] = fabrikam.build(2);
    const { id } = fabrikam.define({
      artifacts: { _api: 'api' },
      variables: { ring: { value: '1', allowOverride: true } },
    });
    const given = { artifacts: `_api: ${run!.number}`, stages: 'Dev', variables: 'ring: 2' };
    const step = await fabrikam.run({ definition: String(id), ...given });
    assert.equal(step.result, 'Succeeded', step.message);
    const before = fabrikam.emulator.calls.indexOf(fabrikam.creations()[0]!);
    assert.ok(before <= 4, `${before} requests before the creation`);
  });

  it('makes one request a look for any number of releases, and few of each by itself', async () => {
    const { clock, env } = fastTime(30);
    const fabrikam = await startOrganization({ clock });
    const definition = fabrikam.define({ stages: [{ name: 'Dev' }], script: { durationMs: 240_000 } });
    const { releaseArea } = fabrikam.emulator.state;
    const releases = Array.from({ length: 40 }, () => releaseArea.create(definition));
    const step = await fabrikam.run({ action: 'wait', release: releases.map(({ id }) => id).join(', ') }, { env });
    assert.equal(step.result, 'Succeeded', step.message);
    const { calls } = fabrikam.emulator;
    const looks = calls.filter(({ path }) => path.includes('releaseIdFilter'));
    const [first, ...others] = looks;
    assert.equal(new URLSearchParams(first!.path.split('?')[1]).get('releaseIdFilter')?.split(',').length, 40);
    for (const [index, look] of others.entries()) {
      const alone = calls.slice(calls.indexOf(looks[index]!) + 1, calls.indexOf(look));
      assert.ok(alone.length <= 5, `${alone.length} releases were read by themselves between two looks`);
    }
  });

  it('finds in a dry run which right is missing, and says where rights cannot be read', async () => {
    const tokens = [
      { token: 'no-creation-1', denied: ['createReleases' as const] },
      { token: 'no-deployment', denied: ['manageDeployments' as const] },
    ];
    const fabrikam = await startOrganization({ tokens });
    const { emulator } = fabrikam;
    fabrikam.define({ folder: String.raw`\scan`, stages: [{ name: 'Dev' }, { name: 'Prod', manual: true }] });
    const inputs = { dryRun: 'true', stages: 'Dev, Prod' };
    const as = (token: string) => ({ systemConnection: { url: emulator.url, token } });
    const creation = await fabrikam.run(inputs, as('no-creation-1'));
    assert.equal(creation.result, 'Failed');
    assert.match(creation.message ?? '', /lacks the permission Create releases of the release definition 'Deploy'/);
    const deployment = await fabrikam.run(inputs, as('no-deployment'));
    assert.match(deployment.message ?? '', /lacks the permission Manage deployments \(stage Prod\)/);
    const asked = emulator.calls.filter(({ path }) => path.includes('/_apis/permissions/'));
    assert.ok(asked.some(({ path }) => decodeURIComponent(path).includes('/scan/1/Environment/')));
    emulator.faults.add({ kind: 'status', status: 403, match: ({ path }) => path.includes('/_apis/permissions/') });
    const unread = await fabrikam.run(inputs);
    assert.equal(unread.result, 'Succeeded', unread.message);
    assert.match(logOf(unread), /Whether this identity may do that could not be checked/);
    assert.equal(fabrikam.releases.length, 0);
  });

  it('does the same for a dry run of a deployment', async () => {
    const token = 'no-deployment';
    const fabrikam = await startOrganization({ tokens: [{ token, denied: ['manageDeployments'] }] });
    const definition = fabrikam.define({ stages: [{ name: 'Prod', manual: true }] });
    fabrikam.emulator.state.releaseArea.create(definition);
    const where = { systemConnection: { url: fabrikam.emulator.url, token } };
    const step = await fabrikam.run({ action: 'deploy', stages: 'Prod', dryRun: 'true' }, where);
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /Manage deployments \(stage Prod\)/);
    assert.equal(fabrikam.calls('PATCH').length, 0);
  });
});
