import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { federationOf } from '../../emulator/state/serviceConnections';
import { proxyFor } from '../../tasks/lib/network';
import type { Network } from '../../tasks/lib/agent';
import type { JobOptions, StepResult } from '../agent/agent';
import { makeCertificate } from './certificates';
import { startProxy, startTlsFront, type Proxy, type ProxyOptions } from './proxy';
import { azureConnection, CLIENT, CONNECTION, jobVariables, startScene, TENANT, type Scene } from './scene';
import { assertGuarded, assertTold, sentTo } from './secrecy';
import { together } from '../tasks/together';

const PASSWORD = 'pr0xy:p@ss/w%rd+ü';
const USER = 'CONTOSO\\agent';
const PASSPHRASE = 'of-the-client-key';

/** One authority for all servers of these tests, and a client certificate of it. */
const authority = makeCertificate({ name: 'Contoso Root', isAuthority: true });
const client = makeCertificate({ name: 'agent-1', issuer: authority });
const server = makeCertificate({
  name: 'all of them',
  issuer: authority,
  hosts: ['dev.azure.com', 'login.microsoftonline.com', '127.0.0.1'],
});

/** Organizations and login under their real names on the internet, which only the proxy knows the way to. */
interface Internet extends Scene {
  proxy: Proxy;
  folder: string;
  close(): Promise<void>;
}

async function startInternet(
  options: { proxy?: Partial<ProxyOptions>; wantsClient?: boolean } = {},
): Promise<Internet> {
  const scene = await startScene();
  const { own, other, entra } = scene;
  const front = await startTlsFront({
    certified: server,
    ...(options.wantsClient && { clientAuthority: authority.certificate }),
    behind: { contoso: portOf(own.url), northwind: portOf(other.url), '*': portOf(entra.url) },
  });
  const hosts = {
    'dev.azure.com:443': front.port,
    'login.microsoftonline.com:443': front.port,
    'tfs.example:8080': portOf(other.url),
  };
  const proxy = await startProxy({ hosts, ...options.proxy });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'network-'));
  const files = {
    'ca.pem': authority.certificate,
    'client.pem': client.certificate,
    'client.key': encrypted(client.key),
  };
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return {
    ...scene,
    proxy,
    folder,
    close: async () => {
      await Promise.all([scene.close(), front.close(), proxy.close()]);
      fs.rmSync(folder, { recursive: true });
    },
  };
}

/** The job as it is at dev.azure.com. */
function atServices({ own }: Internet, variables: Record<string, string>): Partial<JobOptions> {
  const shown = Object.entries(jobVariables(own)).map(([name, value]) => [
    name,
    value.replace(own.url, 'https://dev.azure.com/contoso/'),
  ]);
  return {
    variables: { ...(Object.fromEntries(shown) as Record<string, string>), ...variables },
    systemConnection: { url: 'https://dev.azure.com/contoso/', token: own.token },
  };
}

function encrypted(key: string): string {
  const how = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
  return createPrivateKey(key).export(how).toString();
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** Starts a pipeline of northwind by a federated connection: organization, token of the job and login all are away from here. */
function runFederated(internet: Internet, options: Partial<JobOptions>): Promise<StepResult> {
  const { own, entra } = internet;
  const connection = own.state.addServiceConnection({ id: CONNECTION, name: 'images-spn', type: 'azurerm' });
  const federated = [federationOf('contoso', connection)];
  entra.applications.push({ tenant: TENANT, clientId: CLIENT, identity: 'images-spn', federated });
  const endpoint = azureConnection(entra, 'WorkloadIdentityFederation', {});
  delete endpoint.data?.environmentAuthorityUrl;
  const inputs = { azureConnection: CONNECTION, organization: 'https://dev.azure.com/northwind' };
  return internet.run(inputs, [endpoint], options);
}

function withAuthority({ folder }: Internet): Record<string, string> {
  return { 'agent.cainfo': path.join(folder, 'ca.pem') };
}

function succeeded(step: StepResult): void {
  assert.equal(step.result, 'Succeeded', step.log.join('\n'));
  assert.deepEqual(step.leaks, []);
  const noise = step.raw.filter(({ stream, line }) => stream === 'stderr' && line.trim());
  assert.deepEqual(noise, [], 'nothing warns of certificates or old interfaces');
}

describe('the network as the agent is configured, as a process', function () {
  this.timeout(60_000);
  const it = together();
  const all: Internet[] = [];
  const open = async (options?: Parameters<typeof startInternet>[0]) => {
    const internet = await startInternet(options);
    all.push(internet);
    return internet;
  };
  after(() => Promise.all(all.map((internet) => internet.close())));

  it('leads all calls, login and tokens of the job too, through a proxy with password, own authority and client certificate', async () => {
    const credentials = { username: USER, password: PASSWORD };
    const internet = await open({ proxy: { credentials }, wantsClient: true });
    const { folder, proxy, own, other, entra } = internet;
    const job = atServices(internet, {
      ...withAuthority(internet),
      'agent.proxyurl': proxy.url,
      'agent.proxyusername': USER,
      'agent.clientcert': path.join(folder, 'client.pem'),
      'agent.clientcertkey': path.join(folder, 'client.key'),
    });
    const secretVariables = { 'agent.proxypassword': PASSWORD, 'agent.clientcertpassword': PASSPHRASE };
    const step = await runFederated(internet, { ...job, secretVariables });
    succeeded(step);
    assert.equal(other.state.runs.length, 1);
    assertTold(step, [PASSWORD, Buffer.from(`${USER}:${PASSWORD}`).toString('base64')]);
    const tunnels = proxy.calls.map(({ method, target, status }) => `${method} ${target} ${status}`);
    assert.deepEqual([...new Set(tunnels)].sort(), [
      'CONNECT dev.azure.com:443 200',
      'CONNECT login.microsoftonline.com:443 200',
    ]);
    assert.ok(tunnels.length <= 4, `connections are kept: ${tunnels.length} tunnels`);
    const sent = [...sentTo('own', own.calls), ...sentTo('other', other.calls), ...sentTo('entra', entra.calls)];
    assertGuarded(step, sent, [
      { name: 'the proxy password', value: PASSWORD, allowed: [] },
      { name: 'the passphrase', value: PASSPHRASE, allowed: [] },
      { name: 'the job token', value: own.token, allowed: ['own authorization'] },
      ...entra.issued.map((value) => ({ name: 'an access token', value, allowed: ['other authorization'] })),
    ]);
  });

  it('says that the proxy wants another password, without saying which it was given', async () => {
    const internet = await open({ proxy: { credentials: { username: USER, password: 'another' } } });
    const job = atServices(internet, {
      ...withAuthority(internet),
      'agent.proxyurl': internet.proxy.url,
      'agent.proxyusername': USER,
    });
    const step = await runFederated(internet, { ...job, secretVariables: { 'agent.proxypassword': PASSWORD } });
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /the proxy 127\.0\.0\.1:\d+ answered 407 Proxy Authentication Required\. Check the user name and password of the proxy/,
    );
    assertGuarded(step, [], [{ name: 'the proxy password', value: PASSWORD, allowed: [] }]);
  });

  it('speaks TLS to a proxy that does', async () => {
    const internet = await open({ proxy: { certified: server, credentials: { username: 'me', password: PASSWORD } } });
    const job = atServices(internet, {
      ...withAuthority(internet),
      'agent.proxyurl': internet.proxy.url,
      'agent.proxyusername': 'me',
    });
    succeeded(await runFederated(internet, { ...job, secretVariables: { 'agent.proxypassword': PASSWORD } }));
  });

  it('trusts no authority that it was not given, and says how to give it', async () => {
    const internet = await open();
    const job = atServices(internet, { 'agent.proxyurl': internet.proxy.url });
    const step = await runFederated(internet, job);
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /certificate.*Check the certificate of dev\.azure\.com.*config --sslcacert/);
    assert.deepEqual([...internet.own.calls, ...internet.entra.calls], [], 'nothing was sent');
  });

  it('trusts the authorities of the environment beside the one that the agent was given', async () => {
    const internet = await open();
    const { folder, proxy } = internet;
    const another = makeCertificate({ name: 'Another Root', isAuthority: true });
    fs.writeFileSync(path.join(folder, 'another.pem'), another.certificate);
    const job = atServices(internet, { 'agent.cainfo': path.join(folder, 'another.pem'), 'agent.proxyurl': proxy.url });
    const agentEnvironment = { NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') };
    succeeded(await runFederated(internet, { ...job, agentEnvironment }));
  });

  it('takes any certificate where the agent was told to', async () => {
    const internet = await open();
    const job = atServices(internet, { 'agent.proxyurl': internet.proxy.url, 'agent.skipcertvalidation': 'True' });
    succeeded(await runFederated(internet, job));
  });

  it('says that the server wants a client certificate', async () => {
    const internet = await open({ wantsClient: true });
    const job = atServices(internet, { ...withAuthority(internet), 'agent.proxyurl': internet.proxy.url });
    const step = await runFederated(internet, job);
    assert.equal(step.result, 'Failed');
    assert.match(
      step.message ?? '',
      /certificate required\. dev\.azure\.com wants a client certificate.*config --sslclientcert/,
    );
  });

  it('says which files and settings of the agent cannot be used', async () => {
    const internet = await open();
    const { folder } = internet;
    const key = path.join(folder, 'client.key');
    const cases: [variables: Record<string, string>, message: RegExp][] = [
      [{ 'agent.cainfo': '/nowhere/ca.pem' }, /\/nowhere\/ca\.pem\) cannot be used: ENOENT.*config --sslcacert/],
      [
        { 'agent.clientcert': path.join(folder, 'client.pem'), 'agent.clientcertkey': key },
        /client\.key\) cannot be used: .*--sslclientcertpassword/,
      ],
    ];
    for (const [variables, message] of cases) {
      const step = await runFederated(internet, atServices(internet, variables));
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
    }
  });

  it('asks a proxy for the whole address of plain http', async () => {
    const internet = await open({ proxy: { credentials: { username: 'me', password: PASSWORD } } });
    const { other, proxy, own } = internet;
    const url = 'http://tfs.example:8080/northwind/';
    const endpoint = { id: CONNECTION, name: 'tfs', url, scheme: 'Token', parameters: { apitoken: other.token } };
    const step = await internet.run({ reposConnection: CONNECTION }, [endpoint], {
      variables: { ...jobVariables(own), 'agent.proxyurl': proxy.url, 'agent.proxyusername': 'me' },
      secretVariables: { 'agent.proxypassword': PASSWORD },
    });
    succeeded(step);
    assert.ok(proxy.calls.length > 0 && proxy.calls.every(({ target }) => target.startsWith(url)));
    assert.ok(
      other.calls.every(({ headers }) => headers.host === 'tfs.example:8080' && !headers['proxy-authorization']),
      'the server sees its own name and not the password of the proxy',
    );
  });

  it('goes straight to the hosts of the bypass list', async () => {
    const internet = await open();
    const { other, proxy, own } = internet;
    // On Linux this is this machine, under a name that is not known to be.
    const url = other.url.replace('127.0.0.1', '0.0.0.0');
    const endpoint = { id: CONNECTION, name: 'tfs', url, scheme: 'Token', parameters: { apitoken: other.token } };
    const step = await internet.run({ reposConnection: CONNECTION }, [endpoint], {
      variables: {
        ...jobVariables(own),
        'agent.proxyurl': proxy.url,
        'agent.proxybypasslist': JSON.stringify(['[a bad pattern', '^http://0\\.0\\.0\\.0']),
      },
    });
    succeeded(step);
    assert.deepEqual(proxy.calls, []);
  });

  it('heeds the proxy of the environment where the agent has none', async () => {
    const internet = await open({ proxy: { credentials: { username: 'me', password: PASSWORD } } });
    const { proxy, folder } = internet;
    const address = proxy.url.replace('//', `//me:${encodeURIComponent(PASSWORD)}@`);
    const step = await runFederated(internet, {
      ...atServices(internet, {}),
      agentEnvironment: {
        https_proxy: address,
        NO_PROXY: 'tfs.example',
        NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
      },
    });
    succeeded(step);
    assertGuarded(step, [], [{ name: 'the proxy password', value: PASSWORD, allowed: [] }]);
  });
});

describe('the proxy for an address', () => {
  const agent: Network = {
    proxy: { proxyUrl: 'http://proxy:3128', proxyBypassHosts: ['\\.corp\\.example', '(broken'] },
  };
  const environment: Network = {
    environment: { http: 'http://one:1', https: 'two:2', none: '.corp.example, tfs:8080 *.lan' },
  };
  const cases: [network: Network, address: string, proxy: string | undefined][] = [
    [{}, 'https://dev.azure.com/contoso/', undefined],
    [agent, 'https://dev.azure.com/contoso/', 'http://proxy:3128/'],
    [agent, 'http://tfs/tfs/', 'http://proxy:3128/'],
    [agent, 'https://tfs.corp.example/tfs/', undefined],
    [agent, 'http://169.254.169.254/metadata', undefined],
    [agent, 'http://localhost:42356/msi/token', undefined],
    [agent, 'http://127.0.0.1:1/', undefined],
    [agent, 'http://[::1]:1/', undefined],
    [{ ...agent, ...environment }, 'https://dev.azure.com/', 'http://proxy:3128/'],
    [environment, 'http://dev.azure.com/', 'http://one:1/'],
    [environment, 'https://dev.azure.com/', 'http://two:2/'],
    [environment, 'https://tfs.corp.example/', undefined],
    [environment, 'https://corp.example/', undefined],
    [environment, 'https://notcorp.example/', 'http://two:2/'],
    [environment, 'http://tfs:8080/', undefined],
    [environment, 'http://tfs:8081/', 'http://one:1/'],
    [environment, 'https://build.lan/', undefined],
    [{ environment: { https: 'http://two:2', none: '*' } }, 'https://dev.azure.com/', undefined],
  ];
  for (const [index, [network, address, proxy]] of cases.entries())
    it(`is ${proxy ?? 'none'} for ${address} (${index + 1})`, () =>
      assert.equal(proxyFor(new URL(address), network)?.href, proxy));

  it('is an error where the environment names none, without a word of its password', () => {
    const network = { environment: { https: 'http://me:secret@pro xy' } };
    assert.throws(() => proxyFor(new URL('https://dev.azure.com/'), network), /HTTPS_PROXY\) is no URL\.$/);
  });
});
