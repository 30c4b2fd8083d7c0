import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { lossesSince, surfaceOf, type InputSurface, type Surface, type TaskSurface } from '../../scripts/surface';

const root = path.join(__dirname, '..', '..');

describe('A pipeline that uses the last release', () => {
  const released = JSON.parse(fs.readFileSync(path.join(__dirname, 'released.json'), 'utf8')) as Surface;

  it('finds every task, input, default, choice and output in today’s tasks again', () => {
    assert.deepEqual(Object.keys(released.tasks).sort(), ['DockerBaseStaleCheck', 'TriggerPipeline', 'TriggerRelease']);
    assert.ok(Object.values(released.tasks).every(({ inputs }) => Object.keys(inputs).length > 20));
    assert.deepEqual(lossesSince(released, surfaceOf(root)), []);
  });

  /** Today's surface with one thing of TriggerPipeline changed. */
  function changed(change: (task: TaskSurface, surface: Surface) => void): string[] {
    const today = structuredClone(released);
    change(triggerPipeline(today), today);
    return lossesSince(released, today);
  }

  function triggerPipeline({ tasks }: Surface): TaskSurface {
    assert.ok(tasks.TriggerPipeline);
    return tasks.TriggerPipeline;
  }

  function input(task: TaskSurface, name: string): InputSurface {
    const found = task.inputs[name];
    assert.ok(found, name);
    return found;
  }

  const losses: [string, (task: TaskSurface, surface: Surface) => void, string][] = [
    ['a task', (_, surface) => (surface.tasks = {}), 'Task TriggerRelease is gone.'],
    [
      'a task’s id',
      (task) => (task.id = 'another'),
      'TriggerPipeline: its id was 8f0c4a0e-6d5b-4b7e-9a53-2d1c7be7a601.',
    ],
    [
      'the extension’s id',
      (_, surface) => (surface.extension = 'other.id'),
      'The extension was pipeline-cascade.pipeline-cascade.',
    ],
    [
      'a contribution',
      (_, surface) => surface.contributions.splice(0, 1),
      'Contribution docker-base-stale-check is gone.',
    ],
    [
      'a lower version',
      (task) => (task.version = '0.9.9'),
      'TriggerPipeline: version 0.9.9 is lower than the released 1.0.0.',
    ],
    ['an input', (task) => delete task.inputs.branch, 'TriggerPipeline: input branch is gone.'],
    [
      'an input’s type',
      (task) => (input(task, 'branch').type = 'boolean'),
      'TriggerPipeline: input branch was a string, and is a boolean.',
    ],
    [
      'a default',
      (task) => (input(task, 'action').default = 'wait'),
      "TriggerPipeline: input action had the default 'start', and has 'wait'.",
    ],
    [
      'a choice',
      (task) => input(task, 'action').options.shift(),
      'TriggerPipeline: input action has lost its option start.',
    ],
    [
      'an input that may be left out',
      (task) => (input(task, 'branch').required = true),
      'TriggerPipeline: input branch was not required.',
    ],
    [
      'an output',
      (task) => (task.outputs = task.outputs.filter((name) => name !== 'runId')),
      'TriggerPipeline: output runId is gone.',
    ],
    ['a variable that it may set', (task) => (task.settable = []), 'TriggerPipeline: it may not set out_* any more.'],
    ['a handler', (task) => (task.handlers = ['Node24']), 'TriggerPipeline: handler Node20_1 is gone.'],
    [
      'an agent that was enough',
      (task) => (task.minimumAgentVersion = '9.0.0'),
      'TriggerPipeline: it wants agent 9.0.0; 3.230.2 was enough.',
    ],
    [
      'the right to leave a new input out',
      (task) => (task.inputs.more = { type: 'string', default: '', required: true, aliases: [], options: [] }),
      'TriggerPipeline: input more is new and required, without a default.',
    ],
  ];
  for (const [thing, change, loss] of losses) {
    it(`would miss ${thing}`, () => {
      const found = changed(change);
      assert.ok(found.includes(loss), found.join('\n'));
    });
  }

  it('would miss an alias', () => {
    const before = structuredClone(released);
    input(triggerPipeline(before), 'branch').aliases.push('ref');
    assert.deepEqual(lossesSince(before, released), ['TriggerPipeline: input branch has lost its alias ref.']);
  });

  it('misses nothing in what is new, nor in a task’s next Major, which stands beside the old one', () => {
    const more: InputSurface = { type: 'string', default: '', required: false, aliases: [], options: [] };
    assert.deepEqual(
      changed((task) => {
        task.inputs.more = more;
        task.outputs.push('more');
        input(task, 'action').options.push('more');
        task.version = '1.1.0';
      }),
      [],
    );
    assert.deepEqual(
      changed((task) => {
        task.inputs = {};
        task.version = '2.0.0';
      }),
      [],
    );
  });
});
