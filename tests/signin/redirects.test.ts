import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import { AzureDevOps } from '../../tasks/lib/azureDevOps';
import { Transport } from '../../tasks/lib/transport';
import { worldOf } from './jobStub';

describe('a redirect to another host', () => {
  let own: Emulator;
  let stranger: Emulator;
  const SECRET = 'Bearer the-token-of-the-job';

  beforeEach(async () => {
    [own, stranger] = await Promise.all([startEmulator(), startEmulator()]);
    own.faults.add({
      match: { method: 'GET' },
      kind: 'redirect',
      headers: { location: `${stranger.url}_apis/connectionData` },
      times: 9,
    });
  });
  afterEach(() => Promise.all([own.close(), stranger.close()]));

  const credentials = { authorization: () => Promise.resolve(SECRET) };

  it('is followed by a download only, which leaves the token behind', async () => {
    const url = `${own.url}_apis/connectionData`;
    await new Transport(worldOf()).send({ method: 'GET', url, credentials, followToOtherHosts: true });
    assert.equal(own.calls[0]?.headers.authorization, SECRET);
    assert.equal(stranger.calls.length, 1);
    assert.equal(stranger.calls[0]?.headers.authorization, undefined);
  });

  it('is not followed by any other call, which says where to it led', async () => {
    const account = { url: own.url, credentialName: 'the token', credentials };
    const client = new AzureDevOps(account, new Transport(worldOf()));
    await assert.rejects(
      client.releaseHost(),
      new RegExp(`redirects to ${new URL(stranger.url).origin}, where no token is sent`),
    );
    assert.equal(stranger.calls.length, 0);
  });
});
