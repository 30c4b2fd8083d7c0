import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator, type Emulator } from '../../emulator/server';
import { bundleOrchestrator, startOrchestrator } from './kubernetes/orchestratorProcess';

const folder = mkdtempSync(join(tmpdir(), 'bad-start-'));
const bundle = join(folder, 'index.js');
const image = 'contoso.azurecr.io/pipeline-cascade-agent:1';

describe('an orchestrator that cannot work', function () {
  this.timeout(60_000);
  let emulator: Emulator;

  before(async () => {
    bundleOrchestrator(bundle);
    emulator = await startEmulator();
    emulator.state.addPool('build');
    emulator.state.addPool('Release');
  });
  beforeEach(() => {
    emulator.faults.clear();
  });
  after(async () => {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts it as its image does; it has to end by itself with these sentences as its errors, and no token in any line. */
  async function refused(env: Record<string, string>, code: number): Promise<string[]> {
    const token = env.ORG_PAT ?? emulator.token;
    const started = startOrchestrator(bundle, {
      ...{ ORG_URL: emulator.url, ORG_PAT: token, AGENT_POOLS: 'build', JOB_IMAGE: image },
      KUBECONFIG: join(folder, 'none'),
      ...env,
    });
    assert.equal(await started.ended, code, started.output());
    assert.ok(!started.output().includes(token), 'the token is in no line');
    assert.ok(!started.output().includes('"stack"'), started.output());
    return started.lines().flatMap(({ level, msg }) => (level === 'error' ? msg.split('\n') : []));
  }

  function job(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }

  it('lists the pools that it sees where one is unknown', async () => {
    assert.deepEqual(await refused({ AGENT_POOLS: 'biuld,Release,deploy' }, 1), [
      "AGENT_POOLS: ORG_PAT sees no pool 'biuld', only 'Default', 'build', 'Release': correct the name, or give it the scope Agent Pools: read & manage and the role Administrator in that pool.",
      "AGENT_POOLS: ORG_PAT sees no pool 'deploy', only 'Default', 'build', 'Release': correct the name, or give it the scope Agent Pools: read & manage and the role Administrator in that pool.",
    ]);
  });

  const mends = 'give it the scope Agent Pools: read & manage';
  it('names the scope where the token is wrong (the service answers 203 with a sign-in page)', async () => {
    const [said = '', ...more] = await refused({ ORG_PAT: 'a-token-of-yesterday' }, 1);
    assert.match(said, /^ORG_PAT may not read agent pools of http.* \(203: .*sign-in page/);
    assert.ok(said.includes(mends) && more.length === 0, said);
  });

  for (const status of [401, 403]) {
    it(`names the scope where the pools are refused with ${status}`, async () => {
      emulator.faults.add({
        ...{ match: { method: 'GET', route: /pools$/ }, kind: 'status', status, times: 5 },
        body: { message: 'VSS000: The token lacks a scope.' },
      });
      const [said = '', ...more] = await refused({}, 1);
      assert.ok(said.startsWith(`ORG_PAT may not read agent pools of ${emulator.url} (${status}: VSS000`), said);
      assert.ok(said.includes(mends) && more.length === 0, said);
    });
  }

  it('names the scope where the token reads the pools but may not manage them', async () => {
    const token = 'a-token-that-only-reads';
    emulator.tokens.push({ token, identity: 'Build Reader', denied: ['managePools'] });
    const [said = '', ...more] = await refused({ ORG_PAT: token }, 1);
    assert.match(
      said,
      /^ORG_PAT may not manage pool 'build' of http.* \(403: Access denied\. Build Reader needs Manage/,
    );
    assert.ok(said.includes(mends) && more.length === 0, said);
    const changes = emulator.calls.filter(
      ({ method, status }) => method !== 'GET' && status < 300 && method !== 'OPTIONS',
    );
    assert.deepEqual(changes, [], 'it changed nothing');
  });

  it('says what to change in a template that clashes', async () => {
    const file = job(
      'clash.yaml',
      `apiVersion: batch/v1
kind: Job
metadata: { namespace: elsewhere }
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: OnFailure
      containers:
        - { name: agent, image: ${image}, env: [{ name: AZP_TOKEN, value: x }] }
`,
    );
    assert.deepEqual(await refused({ JOB_DEFINITION_FILE: file, JOB_NAMESPACE: 'agents' }, 1), [
      `${file} is for the namespace 'elsewhere', agents run in 'agents': remove metadata.namespace or set JOB_NAMESPACE.`,
      `${file} sets backoffLimit to 3: remove it; a pod that is repeated would be a second agent of one name.`,
      `${file} sets restartPolicy to OnFailure: remove it; an agent runs one job and is gone.`,
      `${file} sets AZP_TOKEN, but the agent is registered by key: remove it, or set REGISTRATION to token.`,
    ]);
  });

  it('says that a template is not there', async () => {
    const file = join(folder, 'none.yaml');
    assert.deepEqual(await refused({ JOB_DEFINITION_FILE: file }, 64), [
      `JOB_DEFINITION_FILE is '${file}': write the path of a file that is there and can be read.`,
    ]);
  });
});
