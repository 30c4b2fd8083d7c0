import assert from 'node:assert/strict';
import type { NewDefinition } from '../../../emulator/state/ReleaseArea';
import type { StepResult } from '../../agent/agent';
import { issuesOf, logOf, until, type Organization, type StepInputs } from './organization';

/** How one input is used, and misused: the table holds every input of task.json. */
export interface InputCase {
  says: string;
  /** The definition 'Deploy'; with Dev and Test, whose tasks take no time, unless told. */
  scene?: Partial<NewDefinition>;
  /** What there is before the step, beside the definition. */
  before?(fabrikam: Organization): void;
  inputs: StepInputs;
  /** What happens while the step runs. */
  meanwhile?(fabrikam: Organization): Promise<void>;
  expect(step: StepResult, fabrikam: Organization): void;
  /** Time runs so many times as fast. */
  speed?: number | undefined;
  misuse: [inputs: StepInputs, message: RegExp];
}

const HOUR_MS = 3_600_000;
const RUNS_LONG = { durationMs: HOUR_MS, cancelTakesMs: 0 };
const DEV_FAILS = { durationMs: 0, environments: { Dev: { result: 'failed' as const } } };
const unset = (input: string): InputCase['misuse'] => [
  { [input]: '$(noSuchVariable)' },
  new RegExp(`${input}: the variable 'noSuchVariable' is not set in this job`),
];
const notAmong = (input: string): InputCase['misuse'] => [
  { [input]: 'perhaps' },
  new RegExp(`${input}: 'perhaps' is none of`),
];
const noFlag = (input: string): InputCase['misuse'] => [
  { [input]: 'yes' },
  new RegExp(`${input}: 'yes' is neither true nor false`),
];
const noNumber = (input: string, text: string): InputCase['misuse'] => [
  { [input]: text },
  new RegExp(`${input}: '${text}' is no whole number`),
];

function existing(fabrikam: Organization, options = {}) {
  const { releaseArea } = fabrikam.emulator.state;
  return releaseArea.create(releaseArea.definitions[0]!, options);
}

/** Three releases of three builds: the first on a branch and tagged, the last the newest. */
function three(fabrikam: Organization): void {
  const { state } = fabrikam.emulator;
  const pipeline = state.pipelines[0]!;
  const { releaseArea } = state;
  const runs = [state.queue(pipeline, { branch: 'refs/heads/main' }), state.queue(pipeline), state.queue(pipeline)];
  for (const run of runs)
    releaseArea.create(releaseArea.definitions[0]!, { artifacts: [{ alias: '_api', versionId: String(run.id) }] });
  fabrikam.releases[0]!.tags.push('nightly', 'good');
  fabrikam.releases[1]!.tags.push('nightly');
}

function withArtifact(scene: Partial<NewDefinition> = {}): Partial<NewDefinition> {
  return { artifacts: { _api: 'api' }, ...scene };
}

const succeeded = (step: StepResult) => assert.equal(step.result, 'Succeeded', `${step.message ?? ''}\n${logOf(step)}`);
const took =
  (index: number) =>
  (step: StepResult, { releases }: Organization): void => {
    succeeded(step);
    assert.equal(step.outputs.releaseId, String(releases[index]?.id));
  };
const ended =
  (result: StepResult['result'], output: string) =>
  (step: StepResult): void => {
    assert.equal(step.result, result, step.message);
    assert.equal(step.outputs.result, output);
  };
const isUnderWay = (fabrikam: Organization) => until(() => fabrikam.calls('GET', 'releases/{releaseId}').length > 0);

const LATEST = { action: 'wait', release: 'latest' };

export const inputTable: Record<string, InputCase> = {
  action: {
    says: 'waits for a release instead of creating one',
    before: existing,
    inputs: { action: 'wait', release: '301' },
    expect: (step, fabrikam) => {
      succeeded(step);
      assert.equal(fabrikam.creations().length, 0);
    },
    misuse: notAmong('action'),
  },
  project: {
    says: 'looks in the project of that name',
    before: ({ emulator }) => {
      emulator.state.addProject('Other');
      emulator.state.releaseArea.addDefinition({ project: 'Other', name: 'Only there', stages: [{ name: 'A' }] });
    },
    inputs: { project: 'other', definition: 'Only there' },
    expect: (step, { releases }) => {
      succeeded(step);
      assert.equal(releases[0]?.definition.project.name, 'Other');
    },
    misuse: [{ project: 'Nowhere' }, /project does not exist: Nowhere.*check the name/],
  },
  definition: {
    says: 'finds it by its path',
    scene: { folder: String.raw`\scan` },
    inputs: { definition: String.raw`\Scan\deploy` },
    expect: succeeded,
    misuse: [{ definition: 'Deplyo' }, /no release definition 'Deplyo'.*The nearest: \\scan\\Deploy/],
  },
  release: {
    says: 'takes a name, an id and a link',
    before: (fabrikam) => {
      existing(fabrikam);
      existing(fabrikam);
    },
    inputs: { action: 'wait', release: 'Release-2, 301' },
    expect: (step, { releases }) => {
      succeeded(step);
      for (const { name } of releases) assert.match(logOf(step), new RegExp(`succeeded {2}Deploy ${name}`));
    },
    misuse: [{ action: 'wait', release: 'Release-9' }, /has no release 'Release-9' that .* may see/],
  },
  releaseTags: {
    says: 'is the latest with all of these tags',
    scene: withArtifact(),
    before: three,
    inputs: { ...LATEST, releaseTags: 'Nightly, good' },
    expect: took(0),
    misuse: [{ ...LATEST, releaseTags: 'nobody' }, /'Deploy' has no release with tags nobody/],
  },
  releaseBranch: {
    says: 'is the latest whose primary artifact is of the branch',
    scene: withArtifact(),
    before: (fabrikam) => {
      three(fabrikam);
      for (const { artifacts } of fabrikam.releases.slice(2)) artifacts[0]!.version!.sourceBranch = 'refs/heads/other';
    },
    inputs: { ...LATEST, releaseBranch: 'main' },
    expect: took(1),
    misuse: [{ ...LATEST, releaseBranch: 'gone' }, /'Deploy' has no release with branch gone/],
  },
  releaseArtifactVersion: {
    says: 'is the latest of that version',
    scene: withArtifact(),
    before: (fabrikam) => {
      three(fabrikam);
      fabrikam.releases[1]!.artifacts[0]!.version!.name = '20261120.10';
    },
    inputs: { ...LATEST, releaseArtifactVersion: '20261120.10' },
    expect: took(1),
    misuse: [{ ...LATEST, releaseArtifactVersion: '9' }, /no release with version 9 of its primary artifact/],
  },
  releaseStageStatus: {
    says: 'is the latest whose stages stand so',
    scene: { script: ({ releaseId }) => ({ durationMs: 0, result: releaseId === 301 ? 'succeeded' : 'failed' }) },
    before: (fabrikam) => {
      existing(fabrikam);
      existing(fabrikam);
    },
    inputs: { ...LATEST, releaseStageStatus: 'dev=Succeeded\nTest=succeeded' },
    expect: took(0),
    misuse: [{ ...LATEST, releaseStageStatus: 'Dev=fine' }, /releaseStageStatus: 'Dev=fine' is not of the form/],
  },
  stages: {
    says: 'deploys only these',
    scene: { stages: [{ name: 'Dev' }, { name: 'Test' }, { name: 'Prod' }] },
    inputs: { stages: '[prod, Dev]' },
    expect: (step, fabrikam) => {
      succeeded(step);
      assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Test notStarted', 'Prod succeeded']);
    },
    misuse: [{ stages: 'Devv' }, /no stage 'Devv'\. Its stages: Dev, Test/],
  },
  artifacts: {
    says: 'sends the version that a number names',
    scene: withArtifact(),
    before: ({ emulator }) => {
      for (let run = 0; run < 3; run++) emulator.state.queue(emulator.state.pipelines[0]!);
      emulator.state.runs[1]!.number = '20261120.10';
    },
    inputs: { artifacts: '_api: 20261120.10' },
    expect: (step, { releases, emulator }) => {
      succeeded(step);
      assert.equal(releases[0]?.artifacts[0]?.version?.id, String(emulator.state.runs[1]?.id));
    },
    misuse: [{ artifacts: '_web: 1' }, /no artifact with the alias '_web'\. It has: _api \(Build\)/],
  },
  artifactsFrom: {
    says: "takes the parent's version",
    scene: withArtifact(),
    before: ({ emulator: { state } }) => {
      for (let run = 0; run < 3; run++) state.queue(state.pipelines[0]!);
      // The parent that the variables of both hosts speak of.
      Object.assign(state.pipelines[0]!, { id: 12 });
      Object.assign(state.runs[1]!, { id: 4711 });
    },
    inputs: { artifactsFrom: 'parent' },
    expect: (step, { releases }) => {
      succeeded(step);
      assert.equal(releases[0]?.artifacts[0]?.version?.id, '4711');
    },
    misuse: notAmong('artifactsFrom'),
  },
  variables: {
    says: 'sends them as they are written, and keeps secrets out of the log',
    scene: {
      variables: { version: { value: '1', allowOverride: true }, key: { value: '', allowOverride: true } },
    },
    inputs: { variables: 'version: 1.10\nkey: { value: hunter-two-2, isSecret: true }' },
    expect: (step, fabrikam) => {
      succeeded(step);
      const { releases } = fabrikam;
      assert.equal(releases[0]?.variables.version, '1.10');
      const sent = fabrikam.creations()[0]?.body as { variables: Record<string, { value: string; isSecret: boolean }> };
      assert.deepEqual(sent.variables.key, { value: 'hunter-two-2', isSecret: true });
      assert.ok(step.secrets.includes('hunter-two-2'), 'the agent masks it');
      assert.ok(!logOf(step).includes('hunter-two-2'));
      assert.ok(!step.attachments.some(({ content }) => content.includes('hunter-two-2')));
    },
    misuse: [{ variables: 'nobody: 1' }, /variables: the definition 'Deploy' has no variable 'nobody'/],
  },
  stageVariables: {
    says: 'sets them for the stage alone',
    scene: { stages: [{ name: 'Dev', variables: { target: { value: 'x', allowOverride: true } } }, { name: 'Test' }] },
    inputs: { stageVariables: 'dev: { target: 007 }' },
    expect: (step, { releases }) => {
      succeeded(step);
      assert.equal(releases[0]?.environments[0]?.variables.target, '007');
    },
    misuse: [{ stageVariables: 'Prod: { a: b }' }, /stageVariables: 'Deploy' has no stage 'Prod'\. Its stages: Dev/],
  },
  description: {
    says: 'names parent and user in it',
    inputs: { description: 'for <user>, from <parent>' },
    expect: (step, { releases }) => {
      succeeded(step);
      assert.match(releases[0]?.description ?? '', /^for Jamal Hartnett, from \S+ https?:\/\/\S+(4711|118)/);
    },
    misuse: unset('description'),
  },
  requestedFor: {
    says: 'is the identity of the connection where that is wanted, and else the person of the parent',
    inputs: { requestedFor: 'connection' },
    expect: (step, { releases, emulator }) => {
      succeeded(step);
      assert.equal(releases[0]?.createdFor.id, emulator.state.owner.id);
    },
    misuse: notAmong('requestedFor'),
  },
  tags: {
    says: 'are put on the release beside that of the parent',
    inputs: { tags: 'nightly\nscan, nightly' },
    expect: (step, { releases }) => {
      succeeded(step);
      assert.deepEqual(releases[0]?.tags.slice(0, 2), ['nightly', 'scan']);
      assert.match(String(releases[0].tags[2]), /^cascade-parent-/);
    },
    misuse: unset('tags'),
  },
  draft: {
    says: 'deploys nothing of it and waits for nothing',
    scene: { script: RUNS_LONG },
    inputs: { draft: 'true', stages: 'Test' },
    expect: (step, fabrikam) => {
      ended('Succeeded', 'started')(step);
      assert.deepEqual(fabrikam.statuses(), ['Dev notStarted', 'Test notStarted']);
      assert.equal(fabrikam.releases[0]?.draft, true);
    },
    misuse: noFlag('draft'),
  },
  proceedWhenSkipped: {
    says: 'leaves out a stage that is deployed already',
    before: existing,
    inputs: { action: 'deploy', stages: 'Dev', proceedWhenSkipped: 'true' },
    expect: ended('Succeeded', 'skipped'),
    misuse: [{ action: 'deploy', stages: 'Dev', proceedWhenSkipped: 'maybe' }, /'maybe' is neither true nor false/],
  },
  dryRun: {
    says: 'creates nothing',
    inputs: { dryRun: 'true', stages: 'Dev' },
    expect: (step, { releases }) => {
      succeeded(step);
      assert.match(logOf(step), /A release of Deploy would be created with its stages Dev/);
      assert.equal(releases.length, 0);
    },
    misuse: noFlag('dryRun'),
  },
  waitForCompletion: {
    says: 'ends once the release is created',
    scene: { script: RUNS_LONG },
    inputs: { waitForCompletion: 'false' },
    expect: ended('Succeeded', 'started'),
    misuse: noFlag('waitForCompletion'),
  },
  waitFor: {
    says: 'ends with the stages that are named',
    scene: { script: { durationMs: 0, environments: { Test: RUNS_LONG } } },
    inputs: { waitFor: 'dev' },
    expect: (step, fabrikam) => {
      ended('Succeeded', 'succeeded')(step);
      assert.deepEqual(fabrikam.statuses(), ['Dev succeeded', 'Test inProgress']);
    },
    misuse: [{ waitFor: 'Prod' }, /waitFor: 'Deploy' has no stage 'Prod'\. Its stages: Dev, Test/],
  },
  waitTimeoutInMinutes: {
    says: 'fails when the time is over, and leaves the release running',
    speed: 60,
    scene: { script: RUNS_LONG },
    inputs: { waitTimeoutInMinutes: '1' },
    expect: (step, fabrikam) => {
      ended('Failed', 'timedOut')(step);
      assert.equal(fabrikam.calls('PATCH').length, 0);
    },
    misuse: noNumber('waitTimeoutInMinutes', '1.5'),
  },
  onTimeout: {
    says: 'cancels the release when the time is over',
    speed: 60,
    scene: { script: RUNS_LONG },
    inputs: { waitTimeoutInMinutes: '1', onTimeout: 'cancel' },
    expect: (step, fabrikam) => {
      ended('Failed', 'timedOut')(step);
      assert.deepEqual(fabrikam.statuses(), ['Dev canceled', 'Test notStarted']);
    },
    misuse: notAmong('onTimeout'),
  },
  pollingInterval: {
    says: 'is the longest pause between two looks',
    speed: 60,
    scene: { script: { durationMs: 0, environments: { Test: { durationMs: 400_000 } } } },
    inputs: { pollingInterval: '200' },
    expect: (step, fabrikam) => {
      succeeded(step);
      const looks = fabrikam.calls('GET', 'release/releases').filter(({ path }) => path.includes('releaseIdFilter'));
      assert.ok(looks.length >= 5 && looks.length <= 22, `${looks.length} looks in seven minutes`);
    },
    misuse: noNumber('pollingInterval', '0'),
  },
  cancelWithParent: {
    says: 'lets the release go on when the step is cancelled',
    scene: { script: RUNS_LONG },
    inputs: { cancelWithParent: 'false' },
    meanwhile: isUnderWay,
    expect: (step, fabrikam) => {
      assert.equal(step.result, 'Canceled');
      assert.deepEqual(fabrikam.statuses(), ['Dev inProgress', 'Test notStarted']);
      assert.match(logOf(step), /goes on, because cancelWithParent is false/);
    },
    misuse: noFlag('cancelWithParent'),
  },
  onFailure: {
    says: 'makes issues of a failed release',
    scene: { script: DEV_FAILS },
    inputs: { onFailure: 'warn' },
    expect: ended('SucceededWithIssues', 'failed'),
    misuse: notAmong('onFailure'),
  },
  onCanceled: {
    says: 'ignores a canceled release',
    scene: { stages: [{ name: 'Dev' }], script: { durationMs: 2000, cancelTakesMs: 0 } },
    before: (fabrikam) => {
      const release = existing(fabrikam);
      fabrikam.emulator.state.releaseArea.cancel(release, release.environments[0]!);
    },
    inputs: { ...LATEST, onCanceled: 'ignore' },
    expect: ended('Succeeded', 'canceled'),
    misuse: notAmong('onCanceled'),
  },
  onPartialSuccess: {
    says: 'fails for a partially succeeded release',
    scene: { stages: [{ name: 'Dev' }], script: { durationMs: 0, result: 'succeededWithIssues' } },
    inputs: { onPartialSuccess: 'fail' },
    expect: ended('Failed', 'partiallySucceeded'),
    misuse: notAmong('onPartialSuccess'),
  },
  onSkipped: {
    says: 'fails when no stage was to be deployed',
    before: existing,
    inputs: { action: 'deploy', stages: 'Dev, Test', proceedWhenSkipped: 'true', onSkipped: 'fail' },
    expect: ended('Failed', 'skipped'),
    misuse: notAmong('onSkipped'),
  },
  onDeadlock: {
    says: 'cancels a stage that for ten minutes waits for the agent of this step',
    speed: 120,
    scene: {
      stages: [{ name: 'Dev', queue: 'single' }],
      script: { durationMs: 0, waitsForAgentMs: HOUR_MS, cancelTakesMs: 0 },
    },
    before: ({ emulator }) => {
      emulator.state.addPool('single', [{ name: 'fabrikam-agent-1' }]).agents[0]!.id = 8;
    },
    inputs: { onDeadlock: 'fail' },
    expect: (step, fabrikam) => {
      assert.equal(step.result, 'Failed', step.message);
      assert.match(step.message ?? '', /deadlock: for 1\d minutes it could not get an agent of pool 'single'/);
      assert.equal(issuesOf(step, 'warning').filter((text) => text.includes('deadlock')).length, 1);
      assert.deepEqual(fabrikam.statuses(), ['Dev canceled']);
    },
    misuse: notAmong('onDeadlock'),
  },
  retryFailedStages: {
    says: 'deploys a rejected stage again',
    scene: { script: ({ attempt }) => ({ durationMs: 0, result: attempt < 3 ? 'failed' : 'succeeded' }) },
    inputs: { retryFailedStages: '2', stages: 'Dev' },
    expect: (step) => {
      succeeded(step);
      assert.equal((JSON.parse(step.outputs.stageResults ?? '{}') as { Dev: { attempt: number } }).Dev.attempt, 3);
    },
    misuse: noNumber('retryFailedStages', '11'),
  },
  approvals: {
    says: 'approves before and after a deployment',
    scene: {
      stages: [
        {
          name: 'Dev',
          preApprovers: ['Project Collection Build Service'],
          postApprovers: ['Project Collection Build Service'],
        },
      ],
    },
    inputs: { approvals: 'approve' },
    expect: (step) => {
      succeeded(step);
      assert.match(logOf(step), /pre-deployment approval given[\s\S]*post-deployment approval given/);
    },
    misuse: notAmong('approvals'),
  },
  approvalComment: {
    says: 'is said with the approval',
    scene: { stages: [{ name: 'Dev', preApprovers: ['Project Collection Build Service'] }] },
    inputs: { approvals: 'approve', approvalComment: 'fine by <parent link>' },
    expect: (step, { releases }) => {
      succeeded(step);
      const [given] = releases[0]!.events.filter(({ kind }) => kind === 'approval');
      assert.match(given?.kind === 'approval' ? given.comment : '', /^fine by https?:\/\/\S+Id=\d+/);
    },
    misuse: unset('approvalComment'),
  },
  progress: {
    says: 'logs the lines of each task under its stage and job',
    scene: {
      stages: [{ name: 'Dev' }],
      script: { tasks: [{ name: 'Scan', log: ['found nothing', '##vso[task.setvariable variable=x]y'] }] },
    },
    inputs: { progress: 'logs' },
    expect: (step) => {
      succeeded(step);
      assert.match(logOf(step), /\[Dev > Agent job > Scan\] .*found nothing/);
      assert.equal(step.variables.x, undefined, 'a foreign line is no command');
    },
    misuse: notAmong('progress'),
  },
};
