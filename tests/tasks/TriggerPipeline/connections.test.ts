import assert from 'node:assert/strict';
import type { Endpoint } from '../../agent/endpoints';
import { releaseVariables } from '../../agent/systemVariables';
import { together } from '../together';
import { closeOrganizations, PROJECT, startOrganization, type Organization } from './organization';

const CONNECTION = '0b1f6a1e-3c5d-4e7f-8a9b-1c2d3e4f5a6b';

/** A connection of Azure Repos/Team Foundation Server to an organization. */
function connectionTo(organization: Organization, parameters: Record<string, string>, scheme = 'Token'): Endpoint {
  return { id: CONNECTION, name: 'Northwind', url: organization.emulator.url, scheme, parameters };
}

async function twoOrganizations(): Promise<{ fabrikam: Organization; northwind: Organization }> {
  const [fabrikam, northwind] = await Promise.all([
    startOrganization(),
    startOrganization({ organization: 'northwind' }),
  ]);
  northwind.add();
  return { fabrikam, northwind };
}

describe('TriggerPipeline: where the call goes, and as whom', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('goes to this organization with the token that every job has, which nobody has to hand out', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    const step = await fabrikam.run();
    assert.equal(step.result, 'Succeeded');
    const used = new Set(fabrikam.emulator.calls.map(({ headers }) => headers.authorization));
    assert.deepEqual([...used], [`Bearer ${fabrikam.emulator.token}`]);
    assert.equal(step.job.variables.isTrue('System.EnableAccessToken'), false);
  });

  it('does so in a release, where the job belongs to the release host', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add();
    const { url, releaseUrl, token } = fabrikam.emulator;
    const step = await fabrikam.run(
      {},
      {
        variables: releaseVariables({ collectionUri: url, project: PROJECT }),
        systemConnection: { url: releaseUrl, token },
      },
    );
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual(new Set(fabrikam.emulator.calls.map(({ host }) => host)), new Set(['core']));
    assert.deepEqual(fabrikam.runs[0]?.tags, ['cascade-parent-release-118']);
    assert.equal(step.tags.length, 0, 'the build of the artifact is not touched');
  });

  it('goes to another organization by the token of a connection', async () => {
    const { fabrikam, northwind } = await twoOrganizations();
    const endpoints = [connectionTo(northwind, { apitoken: northwind.emulator.token })];
    const step = await fabrikam.run({ reposConnection: 'Northwind', project: PROJECT }, { endpoints });
    assert.equal(step.result, 'Succeeded', step.message);
    assert.deepEqual([fabrikam.emulator.calls.length, northwind.runs.length], [0, 1]);
    const register = JSON.parse(step.attachments.at(-1)?.content ?? '{}') as { children: { organization: string }[] };
    assert.equal(register.children[0]?.organization, northwind.emulator.url);
    assert.deepEqual(step.debugLeaks, []);
  });

  it('goes to another organization by user name and password, under the alias of the input', async () => {
    const { fabrikam, northwind } = await twoOrganizations();
    const parameters = { username: 'CONTOSO\\svc-build', password: northwind.emulator.token };
    const endpoints = [connectionTo(northwind, parameters, 'UsernamePassword')];
    const step = await fabrikam.run({ externalTfsConnection: 'Northwind' }, { endpoints });
    assert.equal(step.result, 'Succeeded', step.message);
    const [call] = northwind.emulator.calls;
    const basic = Buffer.from(`${parameters.username}:${parameters.password}`).toString('base64');
    assert.equal(call?.headers.authorization, `Basic ${basic}`);
    assert.deepEqual(step.debugLeaks, []);
  });

  it('goes to a server with a collection, where releases and builds have one host', async () => {
    const server = await startOrganization({ kind: 'server' });
    server.add();
    const step = await server.run();
    assert.equal(step.result, 'Succeeded', step.message);
    assert.match(step.outputs.runUrl ?? '', /\/tfs\/DefaultCollection\//);
  });

  it('refuses two connections at once and names both, before any request', async () => {
    const { fabrikam, northwind } = await twoOrganizations();
    const endpoints = [connectionTo(northwind, { apitoken: northwind.emulator.token })];
    const inputs = { reposConnection: 'Northwind', azureConnection: 'Northwind' };
    const step = await fabrikam.run(inputs, { endpoints });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /reposConnection and azureConnection are given at once/);
    assert.equal(fabrikam.emulator.calls.length + northwind.emulator.calls.length, 0);
  });

  it('names the connection and what to check when its token is refused, in each way that a server does', async () => {
    for (const badToken of ['signIn203', 'redirect302', 'unauthorized401'] as const) {
      const fabrikam = await startOrganization();
      const northwind = await startOrganization({ organization: 'northwind', badToken });
      northwind.add();
      const endpoints = [connectionTo(northwind, { apitoken: 'an-expired-token' })];
      const step = await fabrikam.run({ reposConnection: 'Northwind' }, { endpoints });
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', /reposConnection|Northwind/, badToken);
      assert.match(step.message ?? '', /expired|scope/, badToken);
      assert.equal(northwind.emulator.calls.length, 1, `${badToken}: it is not tried again`);
    }
  });

  it('says of a connection without an organization what its URL should be', async () => {
    const fabrikam = await startOrganization();
    const urls: [url: string, why: RegExp][] = [
      ['https://dev.azure.com/', /names no organization/],
      ['https://dev.azure.com/contoso/Fabrikam', /has more than the organization/],
      ['https://dev.azure.com/contoso/_git/x', /is the address of a page/],
      ['https://contoso.visualstudio.com/DefaultCollection/x', /has more than the organization/],
      ['dev.azure.com/contoso', /is no URL/],
    ];
    for (const [url, why] of urls) {
      const endpoint = { ...connectionTo(fabrikam, { apitoken: 'some-token-here' }), url };
      const step = await fabrikam.run({ reposConnection: 'Northwind' }, { endpoints: [endpoint] });
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', why);
      assert.match(step.message ?? '', /give an organization's URL such as https:\/\/dev\.azure\.com\/contoso/);
    }
    assert.equal(fabrikam.emulator.calls.length, 0);
  });

  it('says what to do when the job does not carry the connection', async () => {
    const fabrikam = await startOrganization();
    const step = await fabrikam.run({ reposConnection: CONNECTION }, { strictSecrets: true });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /carries no service connection/);
  });

  it('says why no server answers', async () => {
    const fabrikam = await startOrganization();
    const { emulator } = fabrikam;
    await emulator.close();
    const step = await fabrikam.run();
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /ECONNREFUSED.*firewall, proxy/);
  });
});
