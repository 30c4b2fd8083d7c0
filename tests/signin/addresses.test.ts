import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import { AzureDevOps, type Place } from '../../tasks/lib/azureDevOps';
import { organizationUrl } from '../../tasks/lib/organizationUrl';
import { Transport } from '../../tasks/lib/transport';
import { worldOf } from './jobStub';

const DEFINITIONS: Place = {
  area: 'build',
  id: 'dbeaf647-6167-421a-bda9-c9327b25e2e6',
  name: 'definitions of pipelines',
};
const NAMES = ['My Project', 'Bücher & Mehr', '日本語', "Jamal's (50%)", 'a+b=c', 'x#y', 'Ünïcödé 100%25'];

describe('addresses with names of all kinds', () => {
  let emulator: Emulator;
  afterEach(() => emulator.close());

  function clientOf(url: string): AzureDevOps {
    const credentials = { authorization: () => Promise.resolve(`Bearer ${emulator.token}`) };
    return new AzureDevOps({ url, credentialName: 'the token', credentials }, new Transport(worldOf()));
  }

  for (const [kind, organization] of [
    ['services', 'contoso'],
    ['server', 'My Collection (ä)'],
  ] as const) {
    it(`reach each project of '${organization}', with and without a slash at the end`, async () => {
      emulator = await startEmulator({ kind, organization });
      for (const project of NAMES) {
        emulator.state.addProject(project);
        emulator.state.addPipeline({ name: `of ${project}`, project });
      }
      for (const given of [emulator.url, emulator.url.replace(/\/$/, ''), decodeURI(emulator.url)]) {
        const client = clientOf(organizationUrl(given, 'organization'));
        for (const project of NAMES) {
          const { value } = await client.call<{ value: { name: string }[] }>('GET', DEFINITIONS, {
            route: { project },
          });
          assert.deepEqual(
            value.value.map(({ name }) => name),
            [`of ${project}`],
          );
          const path = `${encodeURIComponent(project)}/_apis/build/definitions`;
          assert.equal((await client.rest<{ count: number }>('GET', path)).value.count, 1);
        }
      }
      assert.deepEqual(
        emulator.calls.filter(({ status }) => status !== 200).map(({ path }) => path),
        [],
      );
    });
  }

  it('hold versions that the server knows, and a server without a resource is called by its name', async () => {
    emulator = await startEmulator({ kind: 'server' });
    emulator.state.addProject('Fabrikam');
    const old = { minVersion: '1.0', maxVersion: '6.0', releasedVersion: '6.0' };
    const builds = {
      ...old,
      id: '0cd358e1-9217-4d94-8269-1c1ee6f93dcf',
      area: 'build',
      resourceName: 'builds',
      routeTemplate: '{project}/_apis/{area}/{resource}/{buildId}',
      resourceVersion: 6,
    };
    emulator.faults.add({
      match: { method: 'OPTIONS' },
      kind: 'status',
      status: 200,
      body: { count: 1, value: [builds] },
      times: 9,
    });
    const client = clientOf(emulator.url);
    await assert.rejects(
      client.call('GET', { ...DEFINITIONS, name: 'stages of a run' }, { route: { project: 'Fabrikam' } }),
      /has no stages of a run\. Its newest REST version is 6\.0 \(Azure DevOps Server 2020\)\. Azure DevOps Services or Azure DevOps Server 2022 and later has it\./,
    );
    await client.rest('GET', 'Fabrikam/_apis/build/definitions');
    assert.match(emulator.calls.at(-1)?.headers.accept ?? '', /api-version=6\.0-preview/);
  });

  it('say that a server is too old when it does not know the version', async () => {
    emulator = await startEmulator({ kind: 'server' });
    emulator.state.addProject('Fabrikam');
    await assert.rejects(
      clientOf(emulator.url).rest('GET', 'Fabrikam/_apis/build/definitions', { preview: 99 }),
      /out of range for this server.*is too old for this call: it needs Azure DevOps Services, or Azure DevOps Server 2022/,
    );
  });
});
