import assert from 'node:assert/strict';
import { configCredentials, type DockerConfig } from '../../../../tasks/DockerBaseStaleCheck/registry/dockerConfig';
import { Secrets } from '../../../../tasks/lib/secrets';

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function find(config: DockerConfig, host: string, answers: Record<string, unknown> = {}) {
  const warnings: string[] = [];
  const asked: string[] = [];
  const credentialFor = configCredentials(
    config,
    async (helper, server) => {
      asked.push(`${helper} ${server}`);
      const answer = answers[helper];
      if (typeof answer === 'string') throw new Error(answer);
      return answer as { Username: string; Secret: string };
    },
    { secrets: new Secrets(() => undefined), warn: (text) => warnings.push(text) },
  );
  const found = await credentialFor(host);
  await credentialFor(host);
  return { credential: found?.credential, warnings, asked };
}

describe("Logins of the agent's Docker configuration", () => {
  it('are found under every name of a host, passwords with colons included', async () => {
    const auths = { 'https://index.docker.io/v1/': { auth: base64('me:pass:word') } };
    const { credential } = await find({ auths }, 'docker.io');
    assert.deepEqual(credential, { kind: 'password', username: 'me', password: 'pass:word' });
    assert.equal((await find({ auths }, 'ghcr.io')).credential, undefined);
  });

  it('may be a token that is exchanged', async () => {
    const { credential } = await find({ auths: { 'c.azurecr.io': { identitytoken: 'refresh' } } }, 'c.azurecr.io');
    assert.equal(credential?.kind === 'refreshToken' && (await credential.token()), 'refresh');
  });

  it("come from the host's own helper before the store, asked once", async () => {
    const config = { credHelpers: { 'ghcr.io': 'own' }, credsStore: 'store', auths: { 'ghcr.io': {} } };
    const answers = { own: { Username: 'u', Secret: 'secret' }, store: 'credentials not found in native keychain' };
    const { credential, asked } = await find(config, 'ghcr.io', answers);
    assert.deepEqual(credential, { kind: 'password', username: 'u', password: 'secret' });
    assert.deepEqual(asked, ['own ghcr.io']);
    const other = await find(config, 'docker.io', answers);
    assert.deepEqual(other.asked, ['store https://index.docker.io/v1/']);
    assert.deepEqual([other.credential, other.warnings], [undefined, []]);
  });

  it('are missing with a word where a helper refuses', async () => {
    const { credential, warnings } = await find({ credsStore: 'broken' }, 'ghcr.io', {
      broken: 'the keychain is locked',
    });
    assert.equal(credential, undefined);
    assert.match(warnings.join(), /'broken' gives no login for ghcr.io: the keychain is locked/);
  });
});
