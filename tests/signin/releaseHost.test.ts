import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import { AzureDevOps } from '../../tasks/lib/azureDevOps';
import { Transport } from '../../tasks/lib/transport';
import { worldOf } from './jobStub';

describe('the host of the releases', () => {
  let emulator: Emulator | undefined;
  let stranger: Emulator | undefined;
  afterEach(() => Promise.all([emulator?.close(), stranger?.close()]));

  function clientOf({ url, token }: Emulator): AzureDevOps {
    const credentials = { authorization: () => Promise.resolve(`Bearer ${token}`) };
    return new AzureDevOps({ url, credentialName: 'the token', credentials }, new Transport(worldOf()));
  }

  const who = (client: AzureDevOps) =>
    client.rest<{ authenticatedUser: { id: string } }>('GET', '_apis/connectionData').then(({ value }) => value);

  it('is the one that the organization names, asked for once, as the same identity', async () => {
    emulator = await startEmulator();
    const client = clientOf(emulator);
    const [releases, again] = await Promise.all([client.releaseHost(), client.releaseHost()]);
    assert.equal(releases.account.url, emulator.releaseUrl);
    assert.equal(releases, again);
    assert.deepEqual((await who(releases)).authenticatedUser, (await who(client)).authenticatedUser);
    const asked = emulator.calls.filter(({ route }) => route.includes('resourceAreas'));
    assert.equal(asked.length, 1);
    assert.ok(emulator.calls.some(({ host }) => host === 'release'));
  });

  it('is the server itself where it knows no areas', async () => {
    emulator = await startEmulator({ kind: 'server' });
    const client = clientOf(emulator);
    assert.equal(await client.releaseHost(), client);
  });

  it('gets a slash where the service names it without', async () => {
    emulator = await startEmulator();
    const { releaseUrl } = emulator;
    emulator.faults.add({
      match: { route: 'resourceAreas' },
      kind: 'status',
      status: 200,
      body: { locationUrl: releaseUrl.replace(/\/$/, '') },
    });
    assert.equal((await clientOf(emulator).releaseHost()).account.url, releaseUrl);
  });

  it('gets no token when it is not one of the organization', async () => {
    emulator = await startEmulator();
    stranger = await startEmulator();
    const named = stranger.url.replace('127.0.0.1', '127.0.0.2');
    emulator.faults.add({
      match: { route: 'resourceAreas' },
      kind: 'status',
      status: 200,
      body: { locationUrl: named },
    });
    await assert.rejects(
      clientOf(emulator).releaseHost(),
      new RegExp(
        `names '${named}' as the host of its releases, which is none of the organization's own\\. No token is sent there\\.`,
      ),
    );
    assert.equal(stranger.calls.length, 0);
  });

  it('is asked for again after a failure, and a refused token never ends at another host', async () => {
    emulator = await startEmulator();
    const client = clientOf(emulator);
    emulator.faults.add({ match: { route: 'resourceAreas' }, kind: 'signIn203' });
    await assert.rejects(
      client.releaseHost(),
      /sign-in page: the token is invalid, expired, or of another organization/,
    );
    assert.equal((await client.releaseHost()).account.url, emulator.releaseUrl);
  });
});
