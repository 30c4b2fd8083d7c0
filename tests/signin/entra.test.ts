import assert from 'node:assert/strict';
import { startEntra, type Entra } from '../../emulator/entra/server';
import { startEmulator, type Emulator } from '../../emulator/server';
import { federationOf } from '../../emulator/state/serviceConnections';
import { ApiError, UserError } from '../../tasks/lib/errors';
import type { Endpoint } from '../agent/endpoints';
import { makeCertificate } from './certificates';
import { connectionOf, type JobStub } from './jobStub';
import { azureConnection, CLIENT, CONNECTION, jobVariables, PROJECT, TENANT } from './scene';

describe('sign-in by Microsoft Entra ID', () => {
  let own: Emulator;
  let entra: Entra;
  const application = { tenant: TENANT, clientId: CLIENT, identity: 'images-spn' };

  before(async () => {
    own = await startEmulator();
    own.state.addProject(PROJECT);
    entra = await startEntra();
  });
  beforeEach(() => {
    entra.applications.splice(0);
    entra.managedIdentities.splice(0);
    entra.calls.splice(0);
    entra.aheadMs = 0;
    own.state.serviceConnections.splice(0);
  });
  after(() => Promise.all([own.close(), entra.close()]));

  function stub(endpoint: Endpoint, rest: Partial<JobStub> = {}): JobStub {
    return {
      inputs: { azureConnection: CONNECTION, organization: 'https://dev.azure.com/northwind' },
      variables: jobVariables(own),
      endpoints: [endpoint],
      system: { url: own.url, token: own.token },
      ...rest,
    };
  }
  const bySecret = (secret: string) => azureConnection(entra, 'ServicePrincipal', { serviceprincipalkey: secret });
  const byFederation = () => azureConnection(entra, 'WorkloadIdentityFederation', {});
  const byCertificate = (pem: string) =>
    azureConnection(entra, 'ServicePrincipal', {
      authenticationType: 'spnCertificate',
      servicePrincipalCertificate: pem,
    });
  const signIn = (endpoint: Endpoint, rest?: Partial<JobStub>) =>
    connectionOf(stub(endpoint, rest)).account.credentials.authorization();

  describe('says what a refusal means', () => {
    const refusals: [code: number, meaning: RegExp, setUp: () => Endpoint][] = [
      [
        7000215,
        /secret is wrong/,
        () => (entra.applications.push({ ...application, secrets: [] }), bySecret('no secret of it')),
      ],
      [
        7000222,
        /has expired/,
        () => (
          entra.applications.push({ ...application, secrets: [{ value: 'expired', expiresAt: 1 }] }),
          bySecret('expired')
        ),
      ],
      [90002, /no such tenant/, () => bySecret('any secret')],
      [
        700016,
        /no application with this id/,
        () => (entra.applications.push({ ...application, clientId: 'x' }), bySecret('any secret')),
      ],
      [
        7000112,
        /switched off/,
        () => (entra.applications.push({ ...application, disabled: true }), bySecret('any secret')),
      ],
      [
        700027,
        /not one of the application/,
        () => {
          entra.applications.push({ ...application, certificates: [makeCertificate({ name: 'other' }).certificate] });
          const { certificate, key } = makeCertificate({ name: 'mine' });
          return byCertificate(certificate + key);
        },
      ],
      [70021, /No federated credential of the identity fits/, () => federated({ federated: [] })],
      [70052, /for several tenants/, () => federated({ severalTenants: true })],
      [700211, /has this issuer/, () => federated({ federated: [{ issuer: 'https://other', subject: 'sc://x' }] })],
      [
        700213,
        /has this subject/,
        () =>
          federated({ federated: [{ ...federationOf('contoso', known()), subject: 'sc://contoso/Fabrikam/other' }] }),
      ],
      [
        700212,
        /another audience/,
        () => federated({ federated: [{ ...federationOf('contoso', known()), audience: 'api://other' }] }),
      ],
    ];

    function known() {
      return own.state.serviceConnections[0] ?? own.state.addServiceConnection({ id: CONNECTION, name: 'images-spn' });
    }

    function federated(options: object): Endpoint {
      known();
      entra.applications.push({ ...application, ...options });
      return byFederation();
    }

    for (const [code, meaning, setUp] of refusals) {
      it(`AADSTS${code}`, async () => {
        const endpoint = setUp();
        const page = `${own.url}Fabrikam/_settings/adminservices?resourceId=${CONNECTION}`;
        await assert.rejects(signIn(endpoint), (error: unknown) => {
          assert.ok(error instanceof ApiError);
          assert.match(error.message, new RegExp(`AADSTS${code}: `));
          assert.match(error.message, meaning);
          assert.ok(error.message.includes(page), error.message);
          assert.doesNotMatch(error.message, /Trace ID|Timestamp|eyJ|any secret|no secret of it/);
          return true;
        });
      });
    }
  });

  it('says the sentence of a code that it does not know, and stays an error with the status', async () => {
    entra.answers.push({
      status: 400,
      body: {
        error: 'invalid_request',
        error_description: 'AADSTS999999: Something new.\r\nTrace ID: 1',
        error_codes: [999999],
      },
    });
    await assert.rejects(
      signIn(bySecret('any secret')),
      /answered with 400: AADSTS999999: Something new\. It is about the service connection/,
    );
  });

  it('asks again where the login is away for a moment, and tells a page in place of a token', async () => {
    entra.applications.push({ ...application, secrets: [{ value: 'the secret' }] });
    entra.answers.push({ status: 503, body: 'busy' }, { status: 429, headers: { 'retry-after': '1' } });
    assert.match(await signIn(bySecret('the secret')), /^Bearer /);
    entra.answers.push({ status: 200, body: '<html>Wi-Fi sign-in</html>' });
    await assert.rejects(
      signIn(bySecret('the secret')),
      /answered with 200: The answer is a page and holds no token\./,
    );
    entra.answers.push({ status: 307, headers: { location: `${own.url}collect` } });
    await assert.rejects(
      signIn(bySecret('the secret')),
      /answered with 307: It redirects elsewhere \(http:.*collect\)/,
    );
    assert.deepEqual(
      own.calls.filter(({ path }) => path.includes('collect')),
      [],
      'a redirect is not followed',
    );
  });

  it('signs an assertion for the time of the login where the clock of the agent is wrong', async () => {
    const { certificate, key } = makeCertificate({ name: 'mine' });
    entra.applications.push({ ...application, certificates: [certificate] });
    entra.aheadMs = -3600_000;
    assert.match(await signIn(byCertificate(key + certificate)), /^Bearer /);
    assert.deepEqual(
      entra.calls.map(({ status }) => status),
      [401, 200],
    );
  });

  it('refuses a certificate without its key, without a word of it', async () => {
    const mine = makeCertificate({ name: 'mine' });
    const other = makeCertificate({ name: 'other' });
    for (const pem of [mine.certificate, mine.key, mine.certificate + other.key, 'no PEM at all']) {
      await assert.rejects(signIn(byCertificate(pem)), (error: unknown) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /holds no certificate with its RSA private key/);
        assert.ok(!error.message.includes(pem.split('\n')[1] ?? pem));
        return true;
      });
    }
  });

  it('names the connection that the job may not have a token for', async () => {
    own.state.addServiceConnection({ id: CONNECTION, name: 'images-spn', permitted: false });
    await assert.rejects(
      signIn(byFederation()),
      /not authorized to use the service connection images-spn\. The job got no token for the service connection 'images-spn' of azureConnection/,
    );
    assert.equal(entra.calls.length, 0);
  });

  it('sends the token of the job to the hosts of the organization only', async () => {
    const variables = { ...jobVariables(own), 'system.oidcRequestUri': 'https://tokens.example/oidctoken' };
    await assert.rejects(
      signIn(byFederation(), { variables }),
      /System\.OidcRequestUri: 'https:\/\/tokens\.example\/oidctoken' is no address of/,
    );
    const server = jobVariables(own);
    delete server['system.oidcRequestUri'];
    await assert.rejects(
      signIn(byFederation(), { variables: server }),
      /does not offer \(System\.OidcRequestUri is not set\): use reposConnection/,
    );
  });

  it('says that there is no managed identity, where there is no Azure and where there is none of this id', async () => {
    const endpoint = azureConnection(entra, 'ManagedServiceIdentity', {}, { msiclientId: CLIENT });
    const at = (host: string) => ({ variables: { ...jobVariables(own), AZURE_POD_IDENTITY_AUTHORITY_HOST: host } });
    await assert.rejects(
      signIn(endpoint, at(entra.url)),
      /answered with 400: Identity not found\. The machine of this agent has no such managed identity/,
    );
    const closed = await startEntra();
    await closed.close();
    await assert.rejects(
      signIn(endpoint, at(closed.url)),
      /A managed identity exists on machines in Azure only, and this agent found none/,
    );
  }).timeout(20_000);

  const inputs = (rest: Record<string, string>): Partial<JobStub> => ({
    inputs: { azureConnection: CONNECTION, ...rest },
  });
  const refused: [name: string, stub: () => JobStub, message: RegExp][] = [
    [
      'an organization on a server',
      () => stub(bySecret('any secret'), inputs({ organization: 'https://tfs.example/tfs/Default' })),
      /no organization of Azure DevOps Services.*use reposConnection/,
    ],
    [
      'a publish profile',
      () => stub(azureConnection(entra, 'PublishProfile', {})),
      /signs in by 'PublishProfile', which is good for Azure only/,
    ],
    ['a connection without its secret', () => stub(azureConnection(entra, 'ServicePrincipal', {})), /holds no secret/],
    [
      'a connection without an application',
      () => stub(azureConnection(entra, 'WorkloadIdentityFederation', { serviceprincipalid: '' })),
      /names no application/,
    ],
    [
      'two connections',
      () => stub(bySecret('any secret'), inputs({ reposConnection: CONNECTION })),
      /reposConnection and azureConnection are given at once/,
    ],
    [
      'an organization without azureConnection',
      () => stub(bySecret('any secret'), { inputs: { organization: 'https://dev.azure.com/northwind' } }),
      /needs azureConnection, because the job's own token is valid in this organization only/,
    ],
    [
      'a connection that the job does not carry',
      () => ({ ...stub(bySecret('any secret')), endpoints: [] }),
      /the job carries no service connection/,
    ],
  ];
  for (const [name, make, message] of refused) {
    it(`refuses ${name} before any request`, () => {
      const before = entra.calls.length + own.calls.length;
      assert.throws(() => connectionOf(make()), message);
      assert.equal(entra.calls.length + own.calls.length, before);
    });
  }

  it('takes this organization where an Azure connection names none', () => {
    const { account } = connectionOf(stub(bySecret('any secret'), inputs({})));
    assert.equal(account.url, own.url);
    assert.equal(account.jobOf, undefined, 'but as another identity');
  });
});
