import assert from 'node:assert/strict';
import { workloadOf } from '../../agents/kubernetes/jobState';
import { labelsOf, marks } from '../../agents/kubernetes/marks';
import type { Job, Pod } from '../../agents/kubernetes/objects';

const created = new Date('2026-11-20T12:00:00Z');
const labels = labelsOf(
  {
    name: 'a-1',
    purpose: { requestId: 1, attempt: 2 },
    pool: { id: 7, name: 'p' },
    orgUrl: '',
    profile: { name: 'gpu', capabilities: {}, namesAgents: true },
  },
  'i',
);

function job(more: Partial<Job> = {}, handed = true): Job {
  const annotations: Record<string, string> = handed ? { [marks.handed]: 'now' } : {};
  return {
    metadata: { name: 'a-1', labels, annotations, creationTimestamp: created },
    spec: { template: { spec: { containers: [{ name: 'side' }, { name: 'agent' }] } } },
    ...more,
  };
}

function pod(phase: string, states: Record<string, object>): Pod {
  const containerStatuses = Object.entries(states).map(([name, state]) => {
    return { name, image: 'i', imageID: '', ready: false, restartCount: 0, state };
  });
  return { metadata: { creationTimestamp: created }, status: { phase, containerStatuses } };
}

const ended = { terminated: { exitCode: 0, startedAt: created, finishedAt: new Date('2026-11-20T12:01:00Z') } };
const running = { running: { startedAt: created } };

describe('the state of a Job', () => {
  it('carries what the Job was made for', () => {
    const workload = workloadOf(job(), [], 'kubernetes');
    assert.deepEqual(workload, {
      name: 'a-1',
      host: 'kubernetes',
      poolId: 7,
      profile: 'gpu',
      purpose: { requestId: 1, attempt: 2 },
      state: 'pending',
      createdAt: created.getTime(),
      handed: true,
    });
  });

  const condition = (type: string, reason = ''): Partial<Job> => ({
    status: { conditions: [{ type, status: 'True', reason }] },
  });
  const states: [string, Job, Pod[], string, string?][] = [
    ['has no pod yet', job(), [], 'pending'],
    ['pulls its image', job(), [pod('Pending', { agent: { waiting: { reason: 'ErrImagePull' } } })], 'pending'],
    [
      'cannot pull its image',
      job(),
      [pod('Pending', { agent: { waiting: { reason: 'ImagePullBackOff' } } })],
      'pending',
      'image',
    ],
    [
      "cannot pull a side-car's",
      job(),
      [pod('Pending', { side: { waiting: { reason: 'InvalidImageName' } } })],
      'pending',
      'image',
    ],
    [
      'waits for its Secret',
      job({}, false),
      [pod('Pending', { agent: { waiting: { reason: 'CreateContainerConfigError' } } })],
      'pending',
    ],
    [
      'lacks something else',
      job(),
      [pod('Pending', { agent: { waiting: { reason: 'CreateContainerConfigError' } } })],
      'pending',
      'refused',
    ],
    ['runs', job(), [pod('Running', { agent: running, side: running })], 'running'],
    [
      'has side-cars up and not the agent',
      job(),
      [pod('Running', { agent: { waiting: { reason: 'PodInitializing' } }, side: running })],
      'pending',
    ],
    ['ended while its side-cars run on', job(), [pod('Running', { agent: ended, side: running })], 'succeeded'],
    ['failed', job(), [pod('Failed', { agent: { terminated: { exitCode: 1 } } })], 'failed', 'exit'],
    ['is complete and its pod gone', job(condition('Complete')), [], 'succeeded'],
    ['met its deadline', job(condition('Failed', 'DeadlineExceeded')), [], 'failed', 'deadline'],
    [
      'was evicted',
      job(condition('Failed')),
      [{ status: { phase: 'Failed', reason: 'Evicted' } }],
      'failed',
      'evicted',
    ],
    [
      'is being deleted',
      job({ metadata: { ...job().metadata, deletionTimestamp: created } }),
      [pod('Running', { agent: running })],
      'ending',
    ],
  ];
  for (const [what, made, pods, state, reason] of states) {
    it(`is ${state}${reason ? ` because of ${reason}` : ''} when it ${what}`, () => {
      const workload = workloadOf(made, pods, 'kubernetes');
      assert.deepEqual([workload?.state, workload?.problem?.reason], [state, reason]);
    });
  }

  it('tells that side-cars keep a finished Job from ending', () => {
    assert.equal(workloadOf(job(), [pod('Running', { agent: ended, side: running })], 'kubernetes')?.sideCarsRun, true);
  });
});
