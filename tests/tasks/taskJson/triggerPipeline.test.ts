import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readInputs, type Inputs } from '../../../tasks/TriggerPipeline/inputs';
import { UserError } from '../../../tasks/lib/errors';
import { taskJson } from './taskJson';
import { visibleInputs } from './visibleRule';

const root = path.join(__dirname, '..', '..', '..');
const CHECK = path.join(root, '..', 'shared', 'tools', 'check-contract.mjs');

const CONNECTION = ['azureDevOpsServiceConnection', 'reposConnection', 'azureConnection', 'organization'];
const BACK = ['outputsArtifact', 'downloadArtifacts', 'artifactsFolder'];
const WAIT = ['waitFor', 'waitTimeoutInMinutes', 'onTimeout', 'pollingInterval', 'cancelWithParent'];
const JUDGE = ['onFailure', 'onCanceled', 'onPartialSuccess'];
const FOLLOW = ['onDeadlock', 'retryFailedStages', 'approvals'];
const WAITING = ['waitForCompletion', ...WAIT, ...JUDGE, ...FOLLOW, 'approvalComment', 'progress'];
const LATEST = ['pipeline', 'branch', 'runTags', 'runResult'];
const WHAT = ['pipeline', 'branch', 'commit', 'parameters', 'variables', 'exportVariables', 'inherit', 'stages'];
const MANY = ['runs', 'maxParallel', 'stopOnFirstFailure'];
const WHEN = ['ifRunning', 'ifBuilt', 'onlyIf', 'dryRun', 'onSkipped'];
const START = [...WHAT, 'stagesToSkip', 'resources', ...MANY, 'tags', 'requestedFor', 'queue', 'demands', ...WHEN];
const ALWAYS = ['action', 'project', ...BACK, ...CONNECTION];

/** What a form of the editor shows, by action and what else was chosen. */
const SHOWN: [values: Record<string, string>, inputs: string[]][] = [
  [{ action: 'start' }, [...ALWAYS, ...START, ...WAITING]],
  [{ action: 'wait' }, [...ALWAYS, 'runIds', ...WAITING]],
  [{ action: 'cancel' }, [...ALWAYS, 'runIds', ...WAITING]],
  [{ action: 'runStages' }, [...ALWAYS, 'runIds', 'stages', ...WAITING]],
  [{ action: 'approve' }, [...ALWAYS, 'runIds', ...WAITING]],
  [{ action: 'runStages', runIds: 'latest' }, [...ALWAYS, 'runIds', 'stages', ...LATEST, ...WAITING]],
  [{ action: 'approve', runIds: 'Latest' }, [...ALWAYS, 'runIds', ...LATEST, ...WAITING]],
  [{ action: 'start', runIds: 'latest' }, [...ALWAYS, ...START, ...WAITING]],
  [{ action: 'start', waitForCompletion: 'false' }, [...ALWAYS, ...START, 'waitForCompletion', 'approvalComment']],
];

describe('task.json of TriggerPipeline', () => {
  const task = taskJson('TriggerPipeline');
  const defaults = new Map(task.inputs.map(({ name, defaultValue = '' }) => [name, String(defaultValue)]));

  for (const [values, inputs] of SHOWN) {
    const chosen = Object.entries(values).map(([name, value]) => `${name} = ${value}`);
    it(`shows for ${chosen.join(', ')} the inputs that it uses`, () => {
      assert.deepEqual(visibleInputs(task, values).toSorted(), inputs.toSorted());
    });
  }

  it('has the defaults that the code takes where nothing is given', async () => {
    const given = { pipeline: 'rebuild', project: 'Fabrikam', stages: 'One' };
    for (const action of Object.keys(optionsOf('action'))) {
      const withDefaults = await read({ ...Object.fromEntries(defaults), ...given, action });
      assert.deepEqual(withDefaults, await read({ ...given, action }), action);
    }
  });

  it('offers the words that the code takes, and no other', async () => {
    const closed = task.inputs.filter(({ name, options }) => options && name !== 'inherit');
    assert.ok(closed.length > 5);
    for (const { name } of closed) {
      const action = name === 'runResult' ? 'approve' : 'start';
      const given = { action, pipeline: 'rebuild', project: 'Fabrikam', stages: 'One' };
      for (const word of Object.keys(optionsOf(name))) await read({ ...given, [name]: word });
      await assert.rejects(read({ ...given, [name]: 'bogus' }), (error) => {
        assert.ok(error instanceof UserError);
        const told = / is none of (.*)\.$/.exec(error.message)?.[1]?.split(', ');
        assert.deepEqual(told?.toSorted(), Object.keys(optionsOf(name)).toSorted(), name);
        return true;
      });
    }
  });

  it('offers for inherit what the code takes', async () => {
    for (const word of Object.keys(optionsOf('inherit')))
      await read({ pipeline: 'rebuild', project: 'Fabrikam', inherit: word });
  });

  it('has the inputs that the code reads, and no other', async () => {
    const asked = new Set<string>(CONNECTION);
    for (const action of Object.keys(optionsOf('action'))) {
      const given: Record<string, string> = { action, project: 'Fabrikam', pipeline: 'rebuild', stages: 'One' };
      await readInputs(
        (name) => {
          asked.add(name);
          return given[name];
        },
        () => '',
      );
    }
    assert.deepEqual([...asked].toSorted(), [...defaults.keys()].toSorted());
  });

  it('is what the contract says', function () {
    if (!fs.existsSync(CHECK)) {
      console.log('      ../shared is not there: task.json is not held against the contract');
      this.skip();
    }
    const { stdout } = spawnSync(process.execPath, [CHECK, path.join(root, 'tasks')], { encoding: 'utf8' });
    assert.match(stdout, /\d+ passed/);
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.startsWith('TriggerPipeline:')),
      [],
    );
  });

  function optionsOf(name: string): Record<string, string> {
    return task.inputs.find((input) => input.name === name)?.options ?? {};
  }
});

function read(given: Record<string, string>): Promise<Inputs> {
  return readInputs(
    (name) => given[name]?.trim() || undefined,
    () => '',
  );
}
