import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startEntra, type Entra } from '../../../emulator/entra/server';
import { startRegistry, type RegistryEmulator, type RegistryEmulatorOptions } from '../../../emulator/registry/server';
import { federationOf } from '../../../emulator/state/serviceConnections';
import type { Endpoint } from '../../agent/endpoints';
import { startProxy } from '../../signin/proxy';
import { CLIENT, CONNECTION, TENANT } from '../../signin/scene';
import { issuesOf, logOf } from '../TriggerPipeline/organization';
import { together } from '../together';
import { closeProjects, daysAgo, startProject, type Checked, type Project } from './project';

const OLD = { created: daysAgo(60), layers: ['base'] };
const READER = 'reader';
const PASSWORD = 'p:w0rd-of-the-reader';
const SECRET = 'p~8Q&marked=secret/+of the+application';
const OTHER = '6f1c7a52-9a0e-4a57-9d0b-1f6f4a6b7c11';

const basic = (name: string, password: string) => Buffer.from(`${name}:${password}`).toString('base64');

function reasonOf({ report }: Checked, file = 'Dockerfile'): string {
  return report.dockerfiles.find(({ path: one }) => one === file)?.reason ?? '';
}

/** Whether the image was read: its base is two months old. */
function assertRead(step: Checked): void {
  assert.deepEqual(step.verdicts, { Dockerfile: 'fresh' }, `${reasonOf(step)}\n${logOf(step)}`);
}

describe('DockerBaseStaleCheck: who asks a registry, and what it may know', function () {
  this.timeout(60_000);
  const it = together();
  const open: { close(): Promise<unknown> }[] = [];
  after(async () => {
    await closeProjects();
    await Promise.all(open.map((one) => one.close()));
  });

  async function scene(options: RegistryEmulatorOptions = {}): Promise<Project> {
    const project = await startProject(options);
    project.registry.put('team/base', '1', [OLD]);
    project.write('Dockerfile', 'FROM REGISTRY/team/base:1\n');
    return project;
  }

  async function another(options: RegistryEmulatorOptions = {}): Promise<RegistryEmulator> {
    const registry = await startRegistry(options);
    open.push(registry);
    return registry;
  }

  /** A registry in Azure that trusts the tokens of an identity. */
  async function azure(): Promise<{ project: Project; entra: Entra }> {
    const entra = await startEntra();
    open.push(entra);
    const users = { [CLIENT]: SECRET };
    const project = await scene({ auth: 'azure', users, trusts: (token) => entra.issued.includes(token) });
    project.registry.put('team/other', '1', [OLD]);
    project.write(
      'Dockerfile',
      'FROM REGISTRY/team/other:1 AS other\nFROM REGISTRY/team/base:1\nCOPY --from=other / /\n',
    );
    return { project, entra };
  }

  function connectionTo(project: Project, scheme: string, more: Partial<Endpoint> = {}): Endpoint {
    const { host } = project.registry;
    return {
      ...{ id: CONNECTION, name: 'images', url: `https://${host}/`, scheme },
      ...more,
      parameters: { loginServer: host, tenantid: TENANT, serviceprincipalid: CLIENT, ...more.parameters },
      data: { registrytype: 'ACR', ...more.data },
    };
  }

  /** The exchange, with what it was given, and what was asked with the outcome. */
  function assertExchanged({ registry }: Project, entra: Entra): void {
    const exchanges = registry.calls.filter(({ path: at }) => at === '/oauth2/exchange');
    const [form] = exchanges.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));
    assert.equal(exchanges.length, 1, 'one exchange for all repositories');
    assert.deepEqual(form, {
      grant_type: 'access_token',
      service: registry.host,
      tenant: TENANT,
      access_token: entra.issued[0],
    });
    const tokens = registry.calls.filter(({ path: at, method }) => at === '/oauth2/token' && method === 'POST');
    assert.deepEqual(tokens.map(({ body }) => new URLSearchParams(body).get('scope')).toSorted(), [
      'repository:team/base:pull',
      'repository:team/other:pull',
    ]);
    assert.ok(registry.calls.every(({ authorization = '' }) => !authorization.includes(entra.issued[0] ?? ' ')));
  }

  it('exchanges a token of workload identity federation for one of the registry', async () => {
    const { project, entra } = await azure();
    const { emulator } = project;
    const connection = emulator.state.addServiceConnection({ id: CONNECTION, name: 'images' });
    entra.applications.push({
      ...{ tenant: TENANT, clientId: CLIENT, identity: 'images' },
      federated: [federationOf('contoso', connection)],
    });
    const endpoint = connectionTo(project, 'WorkloadIdentityFederation', {
      data: { activeDirectoryAuthority: entra.url },
    });
    const step = await project.check(
      { registryConnections: CONNECTION, scope: 'reachable' },
      { endpoints: [endpoint] },
    );
    assertRead(step);
    assertExchanged(project, entra);
    assert.equal(entra.calls[0]?.form.scope, 'https://management.azure.com/.default');
  });

  it('exchanges a token of the managed identity of the machine', async () => {
    const { project, entra } = await azure();
    entra.managedIdentities.push({ identity: 'agent-1' });
    const step = await project.check(
      { registryConnections: CONNECTION, scope: 'reachable' },
      {
        endpoints: [connectionTo(project, 'ManagedServiceIdentity')],
        agentEnvironment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: entra.url },
      },
    );
    assertRead(step);
    assertExchanged(project, entra);
  });

  it('shows the secret of a service principal to the registry itself', async () => {
    const { project, entra } = await azure();
    const endpoint = connectionTo(project, 'ServicePrincipal', { parameters: { serviceprincipalkey: SECRET } });
    const step = await project.check({ registryConnections: CONNECTION }, { endpoints: [endpoint] });
    assertRead(step);
    assert.equal(entra.calls.length, 0);
    const shown = project.registry.calls.filter(({ authorization = '' }) => authorization.startsWith('Basic '));
    assert.deepEqual(
      shown.map(({ path: at }) => at.replace(/\?.*/, '')),
      ['/oauth2/token'],
    );
  });

  it('says why an identity is refused, and calls the image unknown', async () => {
    const { project, entra } = await azure();
    entra.managedIdentities.push({ identity: 'agent-1' });
    project.registry.fault = ({ path: at }) => (at === '/oauth2/exchange' ? { status: 403 } : undefined);
    const step = await project.check(
      { registryConnections: CONNECTION },
      {
        endpoints: [connectionTo(project, 'ManagedServiceIdentity')],
        agentEnvironment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: entra.url },
      },
    );
    assert.equal(step.verdicts.Dockerfile, 'unknown');
    assert.match(
      reasonOf(step),
      /service connection of registryConnections .* cannot sign in: .* does not exchange .*403/,
    );
  });

  it('sends a token of Microsoft Entra ID to no host but a registry of Azure', async () => {
    const { project, entra } = await azure();
    const endpoint = connectionTo(project, 'ManagedServiceIdentity', {
      parameters: { loginServer: 'contoso.azurecr.io.example' },
    });
    const step = await project.check({ registryConnections: CONNECTION }, { endpoints: [endpoint] });
    assert.equal(step.result, 'Failed');
    assert.match(step.message ?? '', /names 'contoso\.azurecr\.io\.example', which is no Azure Container Registry/);
    assert.deepEqual([entra.calls, project.registry.calls], [[], []]);
  });

  it('refuses a connection that the job does not carry, one without login, and two for one registry', async () => {
    const project = await scene();
    const login = (id: string, parameters: Record<string, string>) => ({
      ...{ id, name: id, url: `https://${project.registry.host}/`, scheme: 'UsernamePassword' },
      parameters: { registry: `https://${project.registry.host}/`, ...parameters },
      data: { registrytype: 'Others' },
    });
    const known = { username: READER, password: PASSWORD };
    const rows: [Endpoint[], string, RegExp][] = [
      [[], OTHER, /the job carries no service connection/],
      [[login(CONNECTION, {})], CONNECTION, /holds no user name and password for 127\.0\.0\.1/],
      [
        [login(CONNECTION, known), login(OTHER, known)],
        `${CONNECTION},${OTHER}`,
        /two connections are for 127\.0\.0\.1/,
      ],
    ];
    for (const [endpoints, registryConnections, message] of rows) {
      const step = await project.check({ registryConnections }, { endpoints });
      assert.equal(step.result, 'Failed');
      assert.match(step.message ?? '', message);
    }
    assert.deepEqual(project.registry.calls, []);
  });

  it("reads the agent's Docker configuration where DOCKER_CONFIG says, else in its home", async () => {
    const project = await scene({ users: { [READER]: PASSWORD } });
    const config = JSON.stringify({ auths: { [project.registry.host]: { auth: basic(READER, PASSWORD) } } });
    project.write('home/.docker/config.json', config);
    project.write('login/config.json', config);
    const folder = (name: string) => path.join(project.folder, name);
    assertRead(await project.check({}, { env: { DOCKER_CONFIG: folder('login') } }));
    assertRead(await project.check({}, { env: { HOME: folder('home') } }));
    const neither = await project.check({}, { env: { HOME: folder('nobody') } });
    assert.equal(neither.verdicts.Dockerfile, 'baseMissing');
    project.write('login/config.json', '{ "auths": ');
    const broken = await project.check({}, { env: { DOCKER_CONFIG: folder('login') } });
    assert.match(
      issuesOf(broken, 'warning').join('\n'),
      /login\/config\.json cannot be read, so its logins are not used/,
    );
  });

  it('exchanges the token that `az acr login` left in that configuration', async () => {
    const { project } = await azure();
    const auths = {
      [project.registry.host]: {
        auth: basic('00000000-0000-0000-0000-000000000000', ''),
        identitytoken: 'emulated-refresh-token',
      },
    };
    project.write('config.json', JSON.stringify({ auths }));
    assertRead(await project.check());
  });

  it('runs the credential helpers of that configuration, and says when one refuses', async () => {
    const project = await scene({ users: { [READER]: PASSWORD } });
    const { host } = project.registry;
    const asked = path.join(project.folder, 'asked');
    const helper = (name: string, answer: string) => {
      const file = path.join(project.folder, 'bin', `docker-credential-${name}`);
      project.write(`bin/docker-credential-${name}`, `#!/bin/sh\necho "$1 $(cat)" >> '${asked}'\n${answer}\n`);
      fs.chmodSync(file, 0o755);
    };
    const answer = JSON.stringify({ ServerURL: host, Username: READER, Secret: PASSWORD });
    helper('vault', `echo '${answer}'`);
    helper('locked', `echo 'the keychain is locked'; exit 1`);
    helper('empty', `echo 'credentials not found in native keychain'; exit 1`);
    helper('odd', 'echo hello');
    const check = async (config: object) => {
      project.write('config.json', JSON.stringify(config));
      const PATH = `${path.join(project.folder, 'bin')}:${process.env.PATH ?? ''}`;
      return project.check({}, { env: { DOCKER_CONFIG: project.folder, PATH } });
    };
    assertRead(await check({ credHelpers: { [host]: 'vault' }, credsStore: 'locked' }));
    assert.deepEqual(fs.readFileSync(asked, 'utf8').trim().split('\n'), [`get ${host}`], 'asked once, as Docker does');
    assertRead(await check({ credsStore: 'vault' }));
    const rows: [string, RegExp | undefined][] = [
      ['locked', /The credential helper 'locked' gives no login for \S+: the keychain is locked/],
      ['odd', /The credential helper 'odd' gives no login for \S+: Its answer is no JSON/],
      ['absent', /The credential helper 'absent' gives no login for \S+: .*ENOENT/],
      ['../bin/vault', /'\.\.\/bin\/vault' is no name of a credential helper/],
      ['empty', undefined],
    ];
    for (const [credsStore, warning] of rows) {
      const step = await check({ credsStore });
      assert.equal(step.verdicts.Dockerfile, 'baseMissing', credsStore);
      const warnings = issuesOf(step, 'warning').filter((text) => text.includes('helper'));
      if (warning) assert.match(warnings.join('\n'), warning);
      else assert.deepEqual(warnings, []);
    }
  });

  it('shows each registry its own credentials only, also when one sends for its blobs elsewhere', async () => {
    const storage = await another();
    storage.put('team/base', '1', [OLD]);
    const project = await scene({ users: { [READER]: PASSWORD }, auth: 'basic' });
    const second = await another({ users: { second: 'p-of-the-second' } });
    second.put('team/base', '1', [OLD]);
    project.registry.blobsAt = storage.host;
    project.write('second/Dockerfile', `FROM ${second.host}/team/base:1\n`);
    const auths = {
      [project.registry.host]: { auth: basic(READER, PASSWORD) },
      [second.host]: { auth: basic('second', 'p-of-the-second') },
    };
    project.write('config.json', JSON.stringify({ auths }));
    const step = await project.check();
    assert.deepEqual(step.verdicts, { Dockerfile: 'fresh', 'second/Dockerfile': 'fresh' });
    const seen = ({ calls }: RegistryEmulator) => new Set(calls.map(({ authorization }) => authorization ?? ''));
    assert.deepEqual([...seen(storage)], [''], 'the storage was asked, without credentials');
    assert.deepEqual([...seen(project.registry)].filter(Boolean), [`Basic ${basic(READER, PASSWORD)}`]);
    for (const header of seen(second)) assert.ok(!header.includes(basic(READER, PASSWORD)));
  });

  it('asks no token service that lies in a private network or is not https', async () => {
    for (const realm of ['http://169.254.169.254/token', 'https://10.0.0.5/token', 'http://tokens.example/token']) {
      const project = await scene({ users: { [READER]: PASSWORD }, realm });
      project.write(
        'config.json',
        JSON.stringify({ auths: { [project.registry.host]: { auth: basic(READER, PASSWORD) } } }),
      );
      const step = await project.check();
      assert.equal(step.verdicts.Dockerfile, 'unknown');
      assert.match(
        reasonOf(step),
        /its tokens are not asked for, because '.*' (lies in a private network|is not https)/,
      );
      assert.deepEqual(Object.keys(step.report.requests), [project.registry.host]);
      assert.ok(project.registry.calls.every(({ authorization }) => authorization === undefined));
    }
  });

  it('gets a new token when one is refused, once; and says whose password is refused', async () => {
    const project = await scene({ users: { [READER]: PASSWORD } });
    const login = (password: string) =>
      project.write('config.json', JSON.stringify({ auths: { REGISTRY: { auth: basic(READER, password) } } }));
    login(PASSWORD);
    let refusals = 1;
    project.registry.fault = ({ method }) => (method === 'HEAD' && refusals-- > 0 ? challenged(project) : undefined);
    const step = await project.check();
    assertRead(step);
    assert.equal(step.report.requests[project.registry.host]?.token, 2);
    login('another-p:w0rd');
    const refused = await project.check();
    assert.equal(refused.verdicts.Dockerfile, 'unknown');
    assert.match(reasonOf(refused), /gives no token for the agent's Docker login \(401\)/);
  });

  it('asks for one token a repository, however many images and Dockerfiles it has', async () => {
    const project = await scene({ users: { [READER]: PASSWORD } });
    project.write('config.json', JSON.stringify({ auths: { REGISTRY: { auth: basic(READER, PASSWORD) } } }));
    for (let one = 0; one < 60; one++) {
      project.registry.put(`team/base${one % 5}`, String(one % 20), [OLD]);
      project.write(`${one}/Dockerfile`, `FROM REGISTRY/team/base${one % 5}:${one % 20}\n`);
    }
    const step = await project.check({ updateLock: 'write', dockerfiles: '*/Dockerfile' });
    assert.equal(step.outputs.anyStale, 'false');
    const { head, token, get, ping } = step.report.requests[project.registry.host] ?? {};
    assert.deepEqual([head, token, ping], [20, 5, 1]);
    assert.equal(get, 15, 'index, manifest and configuration, once for equal images of a repository');
  });

  it('has no more than ten requests to a registry under way', async () => {
    const project = await scene({ delayMs: 20 });
    for (let one = 0; one < 60; one++) project.write(`${one}/Dockerfile`, `FROM REGISTRY/team/base${one}:1\n`);
    await project.check();
    assert.equal(project.registry.busiest, 10);
  });

  it('takes the digest of the very bytes from a registry whose HEAD gives none, or that knows no HEAD', async () => {
    for (const status of [200, 405]) {
      const project = await scene();
      const { registry } = project;
      registry.fault = ({ method }) => (method === 'HEAD' ? { status } : undefined);
      assertRead(await project.check({ updateLock: 'write' }));
      const lock = JSON.parse(project.read('Dockerfile.lock.json')) as { bases: { digest: string }[] };
      assert.equal(lock.bases[0]?.digest, registry.put('team/base', '1', [OLD]));
    }
  });

  it('waits as long as a registry asks, when that is short', async () => {
    const project = await scene();
    let left = 1;
    project.registry.fault = ({ method }) =>
      method === 'HEAD' && left-- > 0 ? { status: 429, headers: { 'retry-after': '1' } } : undefined;
    const step = await project.check();
    assertRead(step);
    assert.deepEqual(step.report.requests[project.registry.host]?.throttled, 1);
    assert.match(logOf(step), /slows us down/);
  });

  it('reads what is left of a pull limit: without any, HEADs still answer and GETs are not sent', async () => {
    const project = await scene();
    const { registry } = project;
    await project.check({ updateLock: 'write' });
    project.write('new/Dockerfile', 'FROM REGISTRY/team/base:1\n');
    registry.headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' };
    const { length } = registry.calls;
    const step = await project.check();
    assert.deepEqual(step.verdicts, { Dockerfile: 'fresh', 'new/Dockerfile': 'unknown' });
    assert.match(reasonOf(step, 'new/Dockerfile'), /allows no more pulls for now \(rate limit\)/);
    assert.deepEqual(
      registry.calls.slice(length).map(({ method }) => method),
      ['GET', 'HEAD'],
    );
  });

  it("takes the date of a tag of Docker Hub from its record, whose GETs are no pulls, and elsewhere from the image's configuration", async () => {
    const project = await startProject();
    const { registry } = project;
    const mirrors = JSON.stringify({ 'docker.io': registry.host, 'hub.docker.com': registry.host });
    const image = (os: string, architecture: string, pushed: string | null) => {
      return { os, architecture, last_pushed: pushed };
    };
    const records: [tag: string, hub: object | undefined, verdict: string][] = [
      // The record of the wanted platform counts, not that somebody pushed another one, or touched it.
      [
        'platform',
        {
          last_updated: daysAgo(1),
          images: [image('linux', 'arm64', daysAgo(1)), image('linux', 'amd64', daysAgo(40))],
        },
        'fresh',
      ],
      [
        'pushed',
        { last_updated: daysAgo(1), tag_last_pushed: daysAgo(2), images: [image('linux', 'amd64', null)] },
        'stale',
      ],
      ['updated', { last_updated: daysAgo(1), tag_last_pushed: null, images: null }, 'stale'],
      ['unknown', { last_updated: null, images: [image('unknown', 'unknown', daysAgo(1))] }, 'fresh'],
      ['none', undefined, 'fresh'],
    ];
    for (const [tag, hub] of records) {
      registry.put('library/python', tag, [OLD], hub && { hub });
      project.write(`${tag}/Dockerfile`, `FROM python:${tag}\n`);
    }
    const step = await project.check({ registryMirrors: mirrors, staleWhen: 'age' });
    assert.deepEqual(
      step.verdicts,
      Object.fromEntries(records.map(([tag, , verdict]) => [`${tag}/Dockerfile`, verdict]).sort()),
    );
    const asked = registry.calls.map(({ path: at }) => at);
    assert.ok(asked.includes('/v2/namespaces/library/repositories/python/tags/platform'));
    const pulled = (tag: string) =>
      registry.calls.filter(({ method, path: at }) => method === 'GET' && at.endsWith(`/manifests/${tag}`));
    assert.deepEqual([pulled('platform'), pulled('pushed')], [[], []]);
  });

  it('asks a mirror instead of a registry, as itself, and nobody else', async () => {
    const project = await startProject({ users: { [READER]: PASSWORD }, auth: 'basic' });
    const { registry } = project;
    registry.put('library/python', '3', [OLD]);
    registry.put('team/tool', '1', [OLD]);
    project.write('Dockerfile', 'FROM python:3\n');
    project.write('other/Dockerfile', 'FROM registry.example:5000/team/tool:1\n');
    const auths = {
      'https://index.docker.io/v1/': { auth: basic('hub', 'password-of-the-hub') },
      [registry.host]: { auth: basic(READER, PASSWORD) },
    };
    project.write('config.json', JSON.stringify({ auths }));
    const registryMirrors = `docker.io: ${registry.host}\nregistry.example:5000: https://${registry.host}/\n`;
    const step = await project.check({ registryMirrors });
    assert.deepEqual(step.verdicts, { Dockerfile: 'fresh', 'other/Dockerfile': 'fresh' });
    assert.deepEqual(Object.keys(step.report.requests), [registry.host]);
    assert.ok(
      registry.calls.every(({ authorization = '' }) => !authorization.includes(basic('hub', 'password-of-the-hub'))),
    );
  });

  it('speaks plain http to hosts of insecureRegistries only', async () => {
    const project = await startProject();
    const { registry } = project;
    registry.put('team/base', '1', [OLD]);
    project.write('Dockerfile', 'FROM registry.example:5000/team/base:1\n');
    const proxy = await startProxy({ hosts: { 'registry.example:5000': Number(registry.host.split(':')[1]) } });
    open.push(proxy);
    const env = { DOCKER_CONFIG: project.folder, HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' };
    const refused = await project.check({}, { env });
    assert.equal(refused.verdicts.Dockerfile, 'unknown');
    assert.match(reasonOf(refused), /registry\.example:5000 cannot be reached/);
    assert.deepEqual(registry.calls, [], 'nothing was sent in the clear');
    assertRead(
      await project.check({ insecureRegistries: 'elsewhere.example, http://registry.example:5000/' }, { env }),
    );
  });
});

function challenged({ registry }: Project) {
  const challenge = `Bearer realm="http://${registry.host}/token",service="emulator",scope="repository:team/base:pull"`;
  return { status: 401, headers: { 'www-authenticate': challenge } };
}
