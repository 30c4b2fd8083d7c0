import fs from 'node:fs';
import path from 'node:path';
import type { NewPipeline } from '../../../emulator/state/EmulatorState';
import type { Run } from '../../../emulator/state/runs';
import type { StepResult } from '../../agent/agent';
import type { Plan, Scenario } from '../scenario';
import { PROJECT, type World } from '../world';
import { publishRegister, startParent } from './parent';

const SECOND_MS = 1000;
const STAGES = [{ name: 'Build' }, { name: 'Scan', dependsOn: ['Build'] }];
const YAML = `
parameters:
  - { name: image, type: string, default: none }
stages:
  - stage: Build
    jobs: [{ job: build, steps: [{ script: docker build . }] }]
`;
/** Some items of a list, each with its own parameters: each its own intent. */
const LIST =
  '- { name: a, parameters: { image: a } }\n- { name: b, parameters: { image: b } }\n- { name: c, parameters: { image: c } }';

/** The pipeline 'rebuild', whose tasks take some seconds. */
function rebuild({ emulator }: World, options: Partial<NewPipeline> = {}) {
  return emulator.state.addPipeline({ name: 'rebuild', script: { durationMs: 8 * SECOND_MS }, ...options });
}

function step(inputs: Record<string, string>, more: Partial<Plan['step']> = {}): Plan['step'] {
  return { ...more, inputs: { project: PROJECT, pipeline: 'rebuild', ...inputs } };
}

/** Runs that are there when the step begins, queued some time ago. */
function earlier(
  world: World,
  pipeline: Parameters<World['emulator']['state']['queue']>[0],
  ...given: object[]
): Run[] {
  const runs = given.map((request) => world.emulator.state.queue(pipeline, request));
  world.time.now += 60 * SECOND_MS;
  return runs;
}

/** A sentence for each run that did not end so. */
function notEnded({ emulator }: World, runs: Run[], result = 'succeeded'): string[] {
  return runs.flatMap((run) => {
    const view = emulator.state.look(run);
    return view.result === result ? [] : [`${run.id} is ${view.result ?? view.status}`];
  });
}

export const triggerPipeline: Scenario[] = [
  {
    name: 'start a run and wait',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, { stages: STAGES });
      return { step: step({}), starts: 1 };
    },
  },
  {
    name: 'start a run by id and go on',
    task: 'TriggerPipeline',
    prepare(world) {
      const { id } = rebuild(world);
      return { step: step({ pipeline: String(id), waitForCompletion: 'false' }), starts: 1, waits: false };
    },
  },
  {
    name: 'start chosen stages with parameters and wait',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, {
        yaml: YAML.replace('none', "'1'") + '  - stage: Scan\n    jobs: [{ job: scan, steps: [{ script: scan }] }]\n',
      });
      return { step: step({ stages: 'Build', parameters: 'image: r-base', tags: 'nightly' }), starts: 1 };
    },
  },
  {
    name: 'start three runs, two at a time',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, { yaml: YAML });
      return { step: step({ runs: LIST, maxParallel: '2', progress: 'none' }), starts: 3 };
    },
  },
  {
    name: 'start three runs, cancelled while they run',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, { yaml: YAML, script: { durationMs: 3600 * SECOND_MS } });
      return { step: step({ runs: LIST, progress: 'none' }), starts: 3, cancelAfterMs: 5 * SECOND_MS };
    },
  },
  {
    name: 'a child that fails',
    task: 'TriggerPipeline',
    prepare(world) {
      const issues = [{ type: 'error' as const, message: 'Unit tests failed' }];
      rebuild(world, {
        stages: STAGES,
        script: { durationMs: 3 * SECOND_MS, stages: { Scan: { result: 'failed', issues } } },
      });
      return { step: step({}), starts: 1 };
    },
  },
  {
    name: 'failed stages run again',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, {
        stages: STAGES,
        script: ({ stage, attempt }) => ({
          durationMs: 3 * SECOND_MS,
          ...(stage === 'Scan' && attempt === 1 ? { result: 'failed' } : {}),
        }),
      });
      return { step: step({ retryFailedStages: '1' }), starts: 1 };
    },
  },
  {
    name: 'bring back outputs and artifacts',
    task: 'TriggerPipeline',
    prepare(world) {
      const files = { 'outputs.json': '{"digest":"sha256:4a7f","key":{"value":"k3y-of-the-child","isSecret":true}}' };
      const text = 'line of a report\n'.repeat(200);
      const artifacts = [
        { name: 'outputs', files },
        { name: 'drop', type: 'Container' as const, files: { 'report.txt': text } },
      ];
      rebuild(world, { script: { durationMs: 2 * SECOND_MS, artifacts } });
      return {
        step: step({ outputsArtifact: 'outputs', downloadArtifacts: 'drop' }),
        starts: 1,
        broken: (result) => [...wrongOutput(result), ...wrongFile(result, text)],
      };
    },
  },
  {
    name: 'wait for what earlier jobs started',
    task: 'TriggerPipeline',
    prepare(world) {
      const pipeline = rebuild(world, { script: { durationMs: 70 * SECOND_MS } });
      const parent = startParent(world);
      const tags = [`cascade-parent-${parent.run.id}`];
      const runs = earlier(world, pipeline, { tags }, { tags }, { tags });
      publishRegister(world, { parent: parent.run, step: 'Build.one.go', children: runs.slice(0, 2) });
      publishRegister(world, { parent: parent.run, step: 'Build.two.go', children: runs.slice(2) });
      return {
        step: step({ action: 'wait' }, { variables: parent.variables() }),
        starts: 0,
        broken: () => notEnded(world, runs),
      };
    },
  },
  {
    name: 'a job run again takes up its child',
    task: 'TriggerPipeline',
    prepare(world) {
      const pipeline = rebuild(world, { script: { durationMs: 70 * SECOND_MS } });
      const parent = startParent(world);
      const [run] = earlier(world, pipeline, { tags: [`cascade-parent-${parent.run.id}`] });
      publishRegister(world, {
        parent: parent.run,
        step: '__default.Job-__default.step',
        children: [run!],
        attempt: 2,
      });
      return {
        step: step({}, { variables: parent.variables({ attempt: 2 }) }),
        starts: 0,
        broken: () => [
          ...notEnded(world, [run!]),
          ...(world.emulator.state.runs.length > 2 ? ['it started a second run'] : []),
        ],
      };
    },
  },
  {
    name: 'cancel runs and wait for it',
    task: 'TriggerPipeline',
    prepare(world) {
      const pipeline = rebuild(world, { script: { durationMs: 3600 * SECOND_MS, cancelTakesMs: 3 * SECOND_MS } });
      const runs = earlier(world, pipeline, {}, {});
      return {
        step: step({ action: 'cancel', runIds: runs.map(({ id }) => id).join(' ') }),
        starts: 0,
        broken: () => notEnded(world, runs, 'canceled'),
      };
    },
  },
  {
    name: 'run a stage of the latest run',
    task: 'TriggerPipeline',
    prepare(world) {
      const pipeline = rebuild(world, {
        stages: [{ name: 'Build' }, { name: 'Deploy', manual: true }],
        script: { durationMs: 5 * SECOND_MS },
      });
      const runs = earlier(world, pipeline, {});
      return {
        step: step({ action: 'runStages', runIds: 'latest', stages: 'Deploy' }),
        starts: 0,
        broken: () => notEnded(world, runs),
      };
    },
  },
  {
    name: 'approve while waiting',
    task: 'TriggerPipeline',
    prepare(world) {
      const [own] = world.emulator.tokens;
      own!.identity = 'Robin Meyer';
      rebuild(world, {
        stages: [{ name: 'Deploy' }],
        script: {
          durationMs: 3 * SECOND_MS,
          stages: {
            Deploy: { checks: [{ type: 'approval', approvers: ['Robin Meyer'], approvedAfterMs: 1800 * SECOND_MS }] },
          },
        },
      });
      return { step: step({ approvals: 'approve' }), starts: 1 };
    },
  },
  {
    name: 'join a run that goes on',
    task: 'TriggerPipeline',
    prepare(world) {
      const pipeline = rebuild(world, { yaml: YAML, script: { durationMs: 900 * SECOND_MS } });
      const runs = earlier(world, pipeline, { templateParameters: { image: 'a' } });
      return {
        step: step({ pollingInterval: '120', progress: 'none', ifRunning: 'join', parameters: 'image: a' }),
        starts: 0,
        broken: () => [
          ...notEnded(world, runs),
          ...(world.emulator.state.runs.length > 1 ? ['it started another run'] : []),
        ],
      };
    },
  },
  {
    name: 'cancel what goes on, then start',
    task: 'TriggerPipeline',
    prepare(world) {
      const pipeline = rebuild(world, {
        script: ({ runId }) => ({ durationMs: (runId === 1001 ? 3600 : 5) * SECOND_MS }),
      });
      const runs = earlier(world, pipeline, {});
      const going = () => runs.filter((run) => world.emulator.state.look(run).status !== 'completed');
      return { step: step({ ifRunning: 'cancel' }), starts: 1, broken: () => going().map(({ id }) => `${id} goes on`) };
    },
  },
  {
    name: 'reuse a run of the same commit',
    task: 'TriggerPipeline',
    prepare(world) {
      const runs = earlier(world, rebuild(world), {});
      return { step: step({ ifBuilt: 'reuse' }), starts: 0, broken: () => notEnded(world, runs) };
    },
  },
  {
    name: 'start only if others succeeded',
    task: 'TriggerPipeline',
    prepare(world) {
      const { state } = world.emulator;
      earlier(world, state.addPipeline({ name: 'gate', script: { durationMs: 0 } }), {});
      rebuild(world);
      return { step: step({ onlyIf: 'gate: succeeded' }), starts: 1 };
    },
  },
  {
    name: 'inherit from the parent and send a secret',
    task: 'TriggerPipeline',
    prepare(world) {
      const variables = { key: { value: '', allowOverride: true } };
      rebuild(world, { yaml: YAML, variables });
      const parent = startParent(world);
      const secret = 'the-s3cret-of-the-parent';
      return {
        step: step(
          { inherit: 'all', variables: `key: { value: ${secret}, isSecret: true }` },
          { variables: parent.variables() },
        ),
        starts: 1,
        secrets: () => [secret],
      };
    },
  },
  {
    name: 'cancel a child whose time is over',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, { script: { durationMs: 3600 * SECOND_MS } });
      return {
        step: step({ waitTimeoutInMinutes: '1', onTimeout: 'cancel', pollingInterval: '60', progress: 'none' }),
        starts: 1,
      };
    },
  },
  {
    name: 'show the logs of a child',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, {
        script: { durationMs: 5 * SECOND_MS, log: ['compiling', '##vso[task.complete result=Succeeded]'] },
      });
      return { step: step({ progress: 'logs' }), starts: 1 };
    },
  },
  {
    name: 'check without starting',
    task: 'TriggerPipeline',
    prepare(world) {
      rebuild(world, { yaml: YAML });
      return {
        step: step({ dryRun: 'true', parameters: 'image: a' }),
        starts: 0,
        broken: () => (world.emulator.state.runs.length ? ['it started a run'] : []),
      };
    },
  },
];

function wrongOutput({ outputs }: StepResult): string[] {
  return outputs.out_digest === 'sha256:4a7f' ? [] : [`out_digest is '${outputs.out_digest ?? ''}'`];
}

function wrongFile({ job, outputs }: StepResult, text: string): string[] {
  const file = path.join(job.folder, '_work', '1', 'cascade', outputs.runId ?? '', 'drop', 'report.txt');
  const found = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
  return found === text ? [] : [`report.txt has ${found?.length ?? 'no'} characters instead of ${text.length}`];
}
