import assert from 'node:assert/strict';
import type { StepResult } from '../agent/agent';
import type { Endpoint } from '../agent/endpoints';
import { releaseVariables } from '../agent/systemVariables';
import { makeCertificate } from './certificates';
import {
  application,
  azureConnection,
  CLIENT,
  CONNECTION,
  federate,
  IDENTITY,
  PROJECT,
  startScene,
  workloadIdentity,
  type Scene,
  type SceneOptions,
} from './scene';
import { together } from '../tasks/together';
import { assertGuarded, assertTold, sentTo, type Guarded } from './secrecy';

const SECRET = 'p~8Q&marked=secret/+of the+application';

/** Everything that was sent, by server. */
function sent({ own, other, entra }: Scene) {
  return [...sentTo('own', own.calls), ...sentTo('other', other.calls), ...sentTo('entra', entra.calls)];
}

/** The job's token and all tokens that came about on the way, with the places where they belong. */
function tokensOf({ own, entra }: Scene): Guarded[] {
  return [
    { name: 'the job token', value: own.token, allowed: ['own authorization'] },
    ...entra.issued.map((value) => ({ name: 'an access token', value, allowed: ['other authorization'] })),
    ...entra.calls
      .map(({ form }) => form.client_assertion)
      .filter((value) => value !== undefined)
      .map((value) => ({ name: 'an assertion', value, allowed: ['entra form client_assertion'] })),
  ];
}

/** A wait that outlasts several tokens, started once and as the connection's own identity. */
function assertRenewed(scene: Scene, step: StepResult): void {
  assert.equal(step.result, 'Succeeded', step.log.join('\n'));
  assert.equal(scene.other.state.runs.length, 1);
  assert.equal(scene.other.state.runs[0]?.requestedBy.displayName, IDENTITY);
  assert.ok(scene.entra.issued.length >= 3, `several tokens were asked for, not ${scene.entra.issued.length}`);
  const refused = scene.other.calls.filter(({ status }) => status === 203 || status === 401);
  assert.ok(refused.length <= 1, `tokens are renewed before they end; ${refused.length} were refused`);
}

describe('sign-in by each kind of connection, as a process', function () {
  this.timeout(60_000);
  const it = together();
  const scenes: Scene[] = [];
  const open = async (options?: SceneOptions) => {
    const scene = await startScene(options);
    scenes.push(scene);
    return scene;
  };
  const shortLived = { durationMs: 5500, entra: { tokenLifetimeMs: 2000 } };
  after(() => Promise.all(scenes.map((scene) => scene.close())));

  it('exchanges a token of the job for one of Microsoft Entra ID, again and again during a wait', async () => {
    const scene = await open(shortLived);
    federate(scene, scene.own.state.addServiceConnection({ id: CONNECTION, name: 'northwind' }));
    const step = await scene.run({ azureDevOpsServiceConnection: CONNECTION }, [workloadIdentity(scene)]);
    assertRenewed(scene, step);
    assertGuarded(step, sent(scene), tokensOf(scene));
    assertTold(step, [...scene.entra.issued, ...scene.entra.calls.map(({ form }) => form.client_assertion ?? '')]);
  });

  it('does the same in a classic release, whose own connection is the release host', async () => {
    const scene = await open();
    const { own } = scene;
    federate(scene, own.state.addServiceConnection({ id: CONNECTION, name: 'northwind' }));
    const projectId = own.state.findProject(PROJECT)?.id ?? '';
    const step = await scene.run({ azureDevOpsConnection: CONNECTION }, [workloadIdentity(scene)], {
      variables: releaseVariables({ collectionUri: own.url, project: PROJECT, projectId }),
      systemConnection: { url: own.releaseUrl, token: own.token },
    });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.ok(own.calls.some(({ path }) => path.includes('/hubs/rm/plans/')));
    assertGuarded(step, sent(scene), tokensOf(scene));
  });

  it('signs in by the secret of a service principal', async () => {
    const scene = await open(shortLived);
    scene.entra.applications.push({ ...application, secrets: [{ value: SECRET }] });
    const connection = azureConnection(scene.entra, 'ServicePrincipal', {
      authenticationType: 'spnKey',
      serviceprincipalkey: SECRET,
    });
    const step = await scene.run({ azureConnection: CONNECTION, organization: scene.other.url }, [connection]);
    assertRenewed(scene, step);
    const secret = { name: 'the client secret', value: SECRET, allowed: ['entra form client_secret'] };
    assertGuarded(step, sent(scene), [...tokensOf(scene), secret]);
    assertTold(step, [SECRET, Buffer.from(SECRET).toString('base64'), encodeURIComponent(SECRET)]);
    assert.deepEqual(
      scene.own.calls.map(({ path }) => path),
      [],
      'nothing is asked of the own organization',
    );
  });

  it('signs in by the certificate of a service principal', async () => {
    const scene = await open(shortLived);
    const { certificate, key } = makeCertificate({ name: 'images-spn' });
    const { certificate: stranger } = makeCertificate({ name: 'intermediate' });
    scene.entra.applications.push({ ...application, certificates: [certificate] });
    const connection = azureConnection(scene.entra, 'ServicePrincipal', {
      authenticationType: 'spnCertificate',
      servicePrincipalCertificate: `${stranger}${key}${certificate}`,
    });
    const step = await scene.run({ azureConnection: CONNECTION, organization: scene.other.url }, [connection]);
    assertRenewed(scene, step);
    const lines = key.split('\n').filter((line) => line.length > 20 && !line.startsWith('-'));
    const guarded = lines.map((value) => ({ name: 'a line of the private key', value, allowed: [] }));
    assertGuarded(step, sent(scene), [...tokensOf(scene), ...guarded]);
    const assertions = scene.entra.calls.map(({ form }) => form.client_assertion);
    assert.equal(new Set(assertions).size, assertions.length, 'no assertion is shown twice');
  });

  it('signs in by the workload identity federation of an Azure connection', async () => {
    const scene = await open(shortLived);
    federate(scene, scene.own.state.addServiceConnection({ id: CONNECTION, name: 'images-spn', type: 'azurerm' }));
    const connection = azureConnection(scene.entra, 'WorkloadIdentityFederation', {});
    const step = await scene.run({ azureSubscription: CONNECTION, organization: scene.other.url }, [connection]);
    assertRenewed(scene, step);
    assertGuarded(step, sent(scene), tokensOf(scene));
    const asked = scene.own.calls.filter(({ route }) => route.endsWith('oidctoken'));
    assert.ok(asked.length >= 3, 'each exchange has its own token of the job');
    assert.ok(asked.every(({ path }) => path.includes(`serviceConnectionId=${CONNECTION}`)));
  });

  it('signs in by the managed identity of a virtual machine', async () => {
    const scene = await open(shortLived);
    scene.entra.managedIdentities.push({ identity: IDENTITY });
    const connection = azureConnection(scene.entra, 'ManagedServiceIdentity', {});
    const step = await scene.run({ azureConnection: CONNECTION, organization: scene.other.url }, [connection], {
      agentEnvironment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: scene.entra.url },
    });
    assertRenewed(scene, step);
    assertGuarded(step, sent(scene), tokensOf(scene));
    assert.ok(scene.entra.calls.every(({ headers }) => headers.authorization === undefined));
  });

  it('signs in by a user-assigned identity of a container app', async () => {
    const scene = await open({ entra: { managedIdentities: [{ identity: IDENTITY, clientId: CLIENT }] } });
    const connection = azureConnection(scene.entra, 'ManagedServiceIdentity', {}, { msiclientId: CLIENT });
    const { identityHeader, url } = scene.entra;
    const step = await scene.run({ azureConnection: CONNECTION, organization: scene.other.url }, [connection], {
      agentEnvironment: { IDENTITY_ENDPOINT: `${url}msi/token`, IDENTITY_HEADER: identityHeader },
    });
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    const header = { name: 'the header', value: identityHeader, allowed: ['entra x-identity-header'] };
    assertGuarded(step, sent(scene), [...tokensOf(scene), header]);
  });

  it('signs in by a stored token, and by user name and password', async () => {
    const password = 'pässwort:with/marks+and=more';
    const scene = await open({ other: { tokens: [{ token: password, identity: 'Jamal Hartnett' }] } });
    for (const [scheme, parameters] of [
      ['Token', { apitoken: scene.other.token }],
      ['UsernamePassword', { username: 'jamal', password }],
    ] as const) {
      const step = await scene.run({ reposConnection: CONNECTION }, [repos(scene.other.url, scheme, parameters)]);
      assert.equal(step.result, 'Succeeded', step.log.join('\n'));
      const secrets = Object.values(parameters)
        .filter((value) => value !== 'jamal')
        .map((value) => ({ name: 'the stored secret', value, allowed: ['other authorization'] }));
      assertGuarded(step, sent(scene), [...tokensOf(scene), ...secrets]);
    }
    assert.equal(scene.other.state.runs.at(-1)?.requestedBy.displayName, 'Jamal Hartnett');
  });

  it('works on a server with a collection and versions of its own', async () => {
    const scene = await open({ other: { kind: 'server', organization: 'Default Collection' } });
    assert.match(scene.other.url, /\/tfs\//);
    const url = scene.other.url.replace(/\/$/, '');
    const step = await scene.run({ reposConnection: CONNECTION }, [
      repos(url, 'Token', { apitoken: scene.other.token }),
    ]);
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    const asked = scene.other.calls.filter(({ method, status }) => method !== 'OPTIONS' && status !== 200);
    assert.deepEqual(asked, [], 'no call names a version that the server does not know');
  });

  it('gets another token once when the server refuses one before its time', async () => {
    const scene = await open({ durationMs: 2500 });
    scene.entra.applications.push({ ...application, secrets: [{ value: SECRET }] });
    const connection = azureConnection(scene.entra, 'ServicePrincipal', { serviceprincipalkey: SECRET });
    const running = scene.run({ azureConnection: CONNECTION, organization: scene.other.url }, [connection]);
    while (!scene.other.state.runs.length) await new Promise((resolve) => setTimeout(resolve, 20));
    // The service takes it back, as after a change of a policy.
    for (const known of scene.other.tokens) if (scene.entra.issued.includes(known.token)) known.expiresAt = 0;
    const step = await running;
    assert.equal(step.result, 'Succeeded', step.log.join('\n'));
    assert.equal(scene.entra.issued.length, 2);
  });

  it('says what Microsoft Entra ID says, what that means, and which connection it is', async () => {
    const scene = await open();
    scene.own.state.addServiceConnection({ id: CONNECTION, name: 'images-spn', type: 'azurerm', federated: false });
    const expired = { value: SECRET, expiresAt: Date.now() - 1000 };
    scene.entra.applications.push({ ...application, secrets: [expired] });
    const connection = azureConnection(scene.entra, 'ServicePrincipal', { serviceprincipalkey: SECRET });
    const step = await scene.run({ azureConnection: CONNECTION, organization: scene.other.url }, [connection]);
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /AADSTS7000222: The provided client secret keys for app .* are expired\./);
    assert.match(step.message ?? '', /has expired: give the connection a new one/);
    const page = `${scene.own.url}Fabrikam/_settings/adminservices?resourceId=${CONNECTION}`;
    assert.ok(step.message?.includes(`the service connection 'images-spn' of azureConnection (${page})`), step.message);
    const secret = { name: 'the client secret', value: SECRET, allowed: ['entra form client_secret'] };
    assertGuarded(step, sent(scene), [...tokensOf(scene), secret]);
  });
});

function repos(url: string, scheme: string, parameters: Record<string, string>): Endpoint {
  return { id: CONNECTION, name: 'northwind', url, scheme, parameters };
}
