import type { NewDefinition } from '../../../emulator/state/ReleaseArea';
import { environmentView, type Release } from '../../../emulator/state/releases';
import type { Plan, Scenario } from '../scenario';
import { PROJECT, type World } from '../world';

const SECOND_MS = 1000;

function define({ emulator }: World, definition: Partial<NewDefinition> = {}) {
  return emulator.state.releaseArea.addDefinition({
    name: 'Deploy',
    stages: [{ name: 'Dev' }, { name: 'Test' }],
    script: { durationMs: 5 * SECOND_MS },
    ...definition,
  });
}

function step(inputs: Record<string, string>): Plan['step'] {
  return { inputs: { project: PROJECT, definition: 'Deploy', ...inputs } };
}

/** A sentence for each of these stages that is not in this state. */
function notIn(state: string, { emulator }: World, release: Release | undefined, stages: string[]): string[] {
  if (!release) return ['there is no release'];
  return stages.flatMap((name) => {
    const environment = release.environments.find(({ plan }) => plan.name === name)!;
    const { status, attempts } = environmentView(release, environment, emulator.state.now);
    return [
      ...(status === state ? [] : [`stage ${name} is ${status}`]),
      ...(attempts.length > 1 && attempts.slice(0, -1).some(({ result }) => result === 'succeeded')
        ? [`stage ${name} was deployed ${attempts.length} times`]
        : []),
    ];
  });
}

function approveAll({ emulator: { state } }: World): void {
  const { releaseArea } = state;
  for (const pending of releaseArea.approvals())
    if (releaseArea.approvalStatus(pending) === 'pending')
      releaseArea.answerApproval(pending, { status: 'approved', comment: '' }, state.fullAccess());
}

function first({ emulator }: World): Release | undefined {
  return emulator.state.releaseArea.releases[0];
}

export const triggerRelease: Scenario[] = [
  {
    name: 'create a release and wait',
    task: 'TriggerRelease',
    prepare(world) {
      const { state } = world.emulator;
      state.queue(state.addPipeline({ name: 'api', script: { durationMs: 0 } }));
      world.time.now += 60 * SECOND_MS;
      define(world, { artifacts: { _api: 'api' }, variables: { ring: { value: '1', allowOverride: true } } });
      return {
        step: step({ artifacts: '_api: 1001', variables: 'ring: 2', tags: 'nightly' }),
        starts: 1,
        broken: () => notIn('succeeded', world, first(world), ['Dev', 'Test']),
      };
    },
  },
  {
    name: 'create a release, deploy chosen stages, approve',
    task: 'TriggerRelease',
    prepare(world) {
      define(world, {
        stages: [{ name: 'Dev' }, { name: 'Test' }, { name: 'Prod', preApprovers: ['Dana Reyes'] }],
      });
      // What the step may not approve a person does at last.
      world.time.setTimeout(() => approveAll(world), 3600 * SECOND_MS);
      return {
        step: step({ stages: 'Dev, Prod', approvals: 'approve' }),
        starts: 1,
        broken: () => [
          ...notIn('succeeded', world, first(world), ['Dev', 'Prod']),
          ...notIn('notStarted', world, first(world), ['Test']),
        ],
      };
    },
  },
  {
    name: 'create a release and go on',
    task: 'TriggerRelease',
    prepare(world) {
      define(world);
      return { step: step({ waitForCompletion: 'false' }), starts: 1, waits: false };
    },
  },
  {
    name: 'create a release, cancelled while it deploys',
    task: 'TriggerRelease',
    prepare(world) {
      define(world, { script: { durationMs: 600 * SECOND_MS } });
      return { step: step({}), starts: 1, cancelAfterMs: 5 * SECOND_MS };
    },
  },
  {
    name: 'a stage that is rejected',
    task: 'TriggerRelease',
    prepare(world) {
      define(world, { script: { durationMs: 2 * SECOND_MS, environments: { Test: { result: 'failed' } } } });
      return { step: step({}), starts: 1 };
    },
  },
  {
    name: 'a rejected stage is deployed again',
    task: 'TriggerRelease',
    prepare(world) {
      define(world, {
        script: ({ attempt, environment }) => ({
          durationMs: 2 * SECOND_MS,
          result: environment === 'Dev' && attempt === 1 ? 'failed' : 'succeeded',
        }),
      });
      return { step: step({ retryFailedStages: '1' }), starts: 1 };
    },
  },
  {
    name: 'deploy stages of the latest release in order',
    task: 'TriggerRelease',
    prepare(world) {
      const stages = ['Dev', 'Test', 'Prod'].map((name) => ({ name, manual: true }));
      const { releaseArea } = world.emulator.state;
      const release = releaseArea.create(define(world, { stages }));
      return {
        step: step({ action: 'deploy', stages: '[[Dev, Test], Prod]' }),
        starts: 0,
        broken: () => notIn('succeeded', world, release, ['Dev', 'Test', 'Prod']),
      };
    },
  },
  {
    name: 'wait for a release',
    task: 'TriggerRelease',
    prepare(world) {
      const release = world.emulator.state.releaseArea.create(define(world));
      return {
        step: step({ action: 'wait', release: String(release.id) }),
        starts: 0,
        broken: () => notIn('succeeded', world, release, ['Dev', 'Test']),
      };
    },
  },
  {
    name: 'cancel a release and wait for it',
    task: 'TriggerRelease',
    prepare(world) {
      const release = world.emulator.state.releaseArea.create(
        define(world, { script: { durationMs: 3600 * SECOND_MS } }),
      );
      world.time.now += 10 * SECOND_MS;
      return {
        step: step({ action: 'cancel', release: String(release.id) }),
        starts: 0,
        broken: () => notIn('canceled', world, release, ['Dev']),
      };
    },
  },
  {
    name: 'approve what a release waits for',
    task: 'TriggerRelease',
    prepare(world) {
      const stages = [{ name: 'Dev', preApprovers: ['Dana Reyes'] }];
      const { releaseArea } = world.emulator.state;
      const release = releaseArea.create(define(world, { stages, script: { durationMs: 0 } }));
      world.time.now += SECOND_MS;
      return {
        step: step({ action: 'approve', release: String(release.id) }),
        starts: 0,
        broken: () => (release.events.some(({ kind }) => kind === 'approval') ? [] : ['nothing was approved']),
      };
    },
  },
];
