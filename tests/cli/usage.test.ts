import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmulator, type Emulator } from '../../emulator/server';
import { build, command, root, shell } from './shell';

interface TaskJson {
  inputs: { name: string; aliases?: string[]; type: string; label: string; options?: Record<string, string> }[];
  outputVariables: { name: string }[];
}

describe('The usage of the command', function () {
  this.timeout(60_000);
  let emulator: Emulator;
  let folder: string;

  before(async () => {
    build();
    emulator = await startEmulator();
    emulator.state.addProject('Fabrikam');
    emulator.state.addPipeline({ name: 'rebuild' });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-usage-'));
  });
  after(async () => {
    fs.rmSync(folder, { recursive: true });
    await emulator.close();
  });

  function clone(name: string, remotes: Record<string, string>): string {
    const clonePath = path.join(folder, name);
    spawnSync('git', ['init', '--quiet', clonePath]);
    for (const [remote, url] of Object.entries(remotes))
      spawnSync('git', ['remote', 'add', remote, url], { cwd: clonePath });
    return clonePath;
  }

  describe('when it is wrong', () => {
    const wrong: [what: string, args: string[], says: RegExp][] = [
      ['no task', [], /^Runs a task of Pipeline Cascade/],
      ['a task that does not exist', ['TrigerPipeline'], /^There is no task 'TrigerPipeline'; the nearest are Trigger/],
      [
        'an option that does not exist',
        ['TriggerPipeline', '--pipline', 'x'],
        /no option --pipline; the nearest are --pipeline,/,
      ],
      ['a negated option that is no flag', ['TriggerPipeline', '--no-pipeline'], /no option --no-pipeline/],
      [
        'a word that belongs to no option',
        ['TriggerPipeline', 'rebuild'],
        /^'rebuild' is no option; every input is given as --name/,
      ],
      ['an option without its value', ['TriggerPipeline', '--pipeline'], /^--pipeline needs a value/],
      [
        'an option in place of a value',
        ['TriggerPipeline', '--branch', '--pipeline=x'],
        /^--branch needs a value; .* --branch=value/,
      ],
      [
        'a flag that is neither true nor false',
        ['TriggerPipeline', '--dryRun=maybe'],
        /^dryRun: 'maybe' is none of true, false/,
      ],
      [
        'a value that is no choice',
        ['TriggerPipeline', '--onTimeout', 'x'],
        /^onTimeout: 'x' is none of fail, cancel, warn/,
      ],
      [
        'a service connection',
        ['TriggerPipeline', '--reposConnection', 'x'],
        /^reposConnection: a service connection exists in a pipeline only/,
      ],
      ['the alias of a service connection', ['TriggerPipeline', '--azureSubscription=x'], /service connection/],
      ['no organization', ['TriggerPipeline', '--pipeline', 'x'], /^organization: give --organization/],
      [
        'an organization that is no URL',
        ['TriggerPipeline', '--organization', 'contoso'],
        /^organization: 'contoso' is no URL/,
      ],
    ];
    for (const [what, args, says] of wrong) {
      it(`ends with 64 and says what to change: ${what}`, async () => {
        const { code, stdout, stderr } = await shell(args, { environment: { AZURE_DEVOPS_EXT_PAT: 'x'.repeat(52) } });
        assert.equal(code, 64);
        assert.match(stderr, says);
        assert.equal(stdout, '');
      });
    }

    it('ends with 64 before any request when there is no token', async () => {
      emulator.calls.length = 0;
      const { code, stderr } = await shell([
        'TriggerPipeline',
        '--organization',
        emulator.url,
        '--pipeline',
        'rebuild',
      ]);
      assert.equal(code, 64);
      assert.match(stderr, /^There is no token: set AZURE_DEVOPS_EXT_PAT .*, or SYSTEM_ACCESSTOKEN/);
      assert.equal(emulator.calls.length, 0);
    });
  });

  it('knows names without regard to case, aliases, and all ways to write a flag', async () => {
    const place = ['--ORGANIZATION', emulator.url, '--Project=Fabrikam', '--PIPELINE=rebuild'];
    const ways = [
      ['--dryrun'],
      ['--dryRun=true'],
      ['--dryRun', 'true'],
      ['--validateOnly'],
      ['--no-dryRun', '--dryRun'],
    ];
    for (const way of ways) {
      const { code, stdout } = await shell(['triggerpipeline', ...place, ...way], {
        environment: { AZURE_DEVOPS_EXT_PAT: emulator.token },
      });
      assert.equal(code, 0, way.join(' '));
      assert.match(stdout, /nothing was started \(dryRun\)/, way.join(' '));
    }
  });

  it('takes organization and project from the git remote of the current folder', async () => {
    const remote = `${emulator.url}Fabrikam/_git/images`;
    const { code, stdout } = await shell(['TriggerPipeline', '--pipeline', 'rebuild', '--dryRun'], {
      environment: { AZURE_DEVOPS_EXT_PAT: emulator.token },
      folder: clone('own', { backup: 'https://github.com/contoso/images.git', origin: remote }),
    });
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(`In ${emulator.url}, project Fabrikam (git remote 'origin').\n`), stdout);
  });

  it('does not take the project of a remote that is in another organization', async () => {
    const { code, stdout } = await shell(
      ['TriggerPipeline', '--organization', emulator.url, '--pipeline', 'rebuild', '--dryRun'],
      {
        environment: { AZURE_DEVOPS_EXT_PAT: emulator.token },
        folder: clone('other', { origin: 'https://dev.azure.com/fabrikam/Fabrikam/_git/images' }),
      },
    );
    assert.equal(code, 1);
    assert.match(stdout, /^error: project: give the name or id/);
  });

  it('has a help that names every input with its choices, and every output', async () => {
    const task = JSON.parse(
      fs.readFileSync(path.join(root, 'tasks', 'TriggerPipeline', 'task.json'), 'utf8'),
    ) as TaskJson;
    const { code, stdout, stderr } = await shell(['TriggerPipeline', '--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const { name, type, aliases = [] } of task.inputs) {
      const option = new RegExp(`^  --(\\[no-\\])?${name}\\b`, 'm');
      if (type.startsWith('connectedService:')) assert.doesNotMatch(stdout, option);
      else assert.match(stdout, option);
      if (!type.startsWith('connectedService:'))
        for (const alias of aliases) assert.ok(stdout.includes(`, --${alias}`));
    }
    for (const { name } of task.outputVariables) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    assert.match(stdout, /^ {2}--onTimeout fail\|cancel\|warn$/m);
    assert.doesNotMatch(stdout, /\]\(|`|marketplace\.visualstudio/, 'no Markdown is left');
    assert.ok(stdout.split('\n').every((line) => line.length <= 140));
  });

  it('has a help that names the tasks', async () => {
    for (const word of ['--help', '-h', 'help']) {
      const { code, stdout } = await shell([word]);
      assert.equal(code, 0);
      assert.match(stdout, /\n {2}TriggerPipeline +Start runs of pipelines/);
    }
  });

  it('says how to build what is not built yet', () => {
    const bin = path.join(folder, 'cli');
    fs.mkdirSync(bin);
    fs.copyFileSync(command, path.join(bin, 'pipeline-cascade.mjs'));
    const { status, stderr } = spawnSync(process.execPath, [path.join(bin, 'pipeline-cascade.mjs')], {
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(stderr, /npm ci && npm run build/);
  });

  it('is there as npx --no pipeline-cascade in the folder of the project', () => {
    for (const args of [['help'], ['TriggerPipeline', '--help']]) {
      const { status, stdout } = spawnSync('npx', ['--no', 'pipeline-cascade', ...args], {
        cwd: root,
        encoding: 'utf8',
      });
      assert.equal(status, 0);
      assert.match(stdout, /Usage: pipeline-cascade/);
    }
  });
});
