import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The entry point of the agent's image, with scripts in the place of the agent. */
describe("the entry point of the agent's image", function () {
  this.timeout(30_000);
  let root: string;
  let registration: string;
  let running: ChildProcess | undefined;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'agent-root-'));
    registration = join(root, 'registration');
    script('run-docker.sh', 'echo "$@" > started; env > environment; exit 3');
    script('config.sh', 'echo "$@" > configured; echo "$VSTS_AGENT_INPUT_TOKEN" > token');
  });
  afterEach(() => {
    running?.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  });

  function script(name: string, text: string): void {
    writeFileSync(join(root, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  }

  function register(): void {
    mkdirSync(registration);
    for (const name of ['agent', 'credentials', 'credentials_rsaparams'])
      writeFileSync(join(registration, name), `the ${name}`);
  }

  const at = (name: string) => join(root, name);
  const textOf = (name: string) => readFileSync(at(name), 'utf8').trim();

  function start(env: Record<string, string> = {}): { ended: Promise<number | null>; said: () => string } {
    const child = spawn('bash', [resolve('agents/image/entrypoint.sh')], {
      env: { PATH: process.env.PATH, AGENT_ROOT: root, AGENT_REGISTRATION: registration, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running = child;
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    return { ended: new Promise((ended) => child.once('close', ended)), said: () => said };
  }

  async function eventually(wanted: () => boolean): Promise<void> {
    for (let tries = 0; tries < 200 && !wanted(); tries++) await sleep(50);
    assert.ok(wanted());
  }

  it('takes the registration to where only the agent reads it, runs one job, and ends with 0 whatever the agent ends with', async () => {
    register();
    assert.equal(await start().ended, 0);
    assert.equal(textOf('started'), '--once');
    for (const name of ['agent', 'credentials', 'credentials_rsaparams']) {
      assert.equal(textOf(`.${name}`), `the ${name}`);
      assert.equal(statSync(at(`.${name}`)).mode & 0o777, 0o600);
    }
    assert.ok(!existsSync(at('configured')));
  });

  it('registers with a token that is no argument and that the agent does not inherit', async () => {
    const env = { AZP_URL: 'https://dev.azure.com/x', AZP_POOL: 'my $(touch hacked) pool', AZP_AGENT_NAME: 'a1' };
    assert.equal(await start({ ...env, AZP_TOKEN: 'secret' }).ended, 0);
    assert.equal(textOf('token'), 'secret');
    assert.match(textOf('configured'), /^--unattended .*--pool my \$\(touch hacked\) pool --agent a1/);
    assert.ok(!textOf('configured').includes('secret'));
    assert.ok(!textOf('environment').includes('secret'));
    assert.equal(textOf('started'), '--once');
    assert.ok(!existsSync(at('hacked')));
  });

  it('ends with 0 without a registration, and says so', async () => {
    const { ended, said } = start();
    assert.equal(await ended, 0);
    assert.match(said(), /no registration in .*AZP_TOKEN is not set/);
    assert.ok(!existsSync(at('started')));
  });

  it('ends an agent that waits when it is told to end', async () => {
    register();
    script('run-docker.sh', 'touch started; trap "touch ended; exit 0" TERM; while true; do sleep 0.1; done');
    const { ended } = start();
    await eventually(() => existsSync(at('started')));
    running?.kill('SIGTERM');
    assert.equal(await ended, 0);
    assert.ok(existsSync(at('ended')));
  });

  it('lets a running job finish when it is told to end', async () => {
    register();
    copyFileSync('/bin/sleep', at('Agent.Worker'));
    script('run-docker.sh', './Agent.Worker 4; touch finished; touch started; while true; do sleep 0.1; done');
    const { ended } = start();
    await sleep(1000);
    running?.kill('SIGTERM');
    await sleep(1500);
    assert.ok(!existsSync(at('finished')) && running?.exitCode === null, 'the job goes on');
    assert.equal(await ended, 0);
    assert.ok(existsSync(at('finished')), 'the job was not cut');
  });
});
