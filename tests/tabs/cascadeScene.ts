import type { Emulator } from '../../emulator/server';
import type { Release } from '../../emulator/state/releases';
import type { Run } from '../../emulator/state/runs';

const YAML = `parameters:
  - { name: image, type: string, default: none }
stages:
  - stage: Build
    jobs: [{ job: docker, steps: [{ script: docker build . }] }]
  - stage: Test
    jobs: [{ job: smoke, steps: [{ script: ./smoke.sh }] }]
`;

/** Starts a run of a new pipeline with two stages. */
export function startRun({ state }: Emulator, name: string, script: object = {}): Run {
  const pipeline = state.addPipeline({ name, kind: 'yaml', yaml: YAML, script });
  return state.queue(pipeline, { templateParameters: { image: `of-${name}` } });
}

/** Attaches the register of a step to a run, as a task does. */
export function register(emulator: Emulator, of: Run, children: (Run | Release)[], more: object = {}): void {
  const { name, content } = document(emulator, children, more);
  emulator.state.addAttachment(of, { type: 'pipeline-cascade', name, content });
}

/** The same, attached to the newest deployment of a stage of a release. */
export function registerInRelease(
  emulator: Emulator,
  { release, stage }: { release: Release; stage: string },
  children: (Run | Release)[],
): void {
  const { name, content } = document(emulator, children, {});
  emulator.state.releaseArea.addAttachment(release, stage, { type: 'pipeline-cascade', name, content });
}

function document(emulator: Emulator, children: (Run | Release)[], more: object): { name: string; content: string } {
  const refs = children.map((child) => ({
    organization: emulator.url,
    project: 'Fabrikam',
    item: '',
    attempt: 1,
    result: '',
    ...('pipeline' in child ? runRef(emulator, child) : releaseRef(emulator, child)),
  }));
  const whole = { version: 1, task: 'TriggerPipeline', step: 'Rebuild.images.rebuild', children: refs, ...more };
  return { name: whole.step, content: JSON.stringify(whole) };
}

function runRef({ url }: Emulator, { id, number, pipeline }: Run): object {
  const link = `${url}Fabrikam/_build/results?buildId=${id}`;
  return { kind: 'run', id, name: pipeline.name, number, url: link };
}

function releaseRef({ url }: Emulator, { id, name, definition }: Release): object {
  const link = `${url}Fabrikam/_releaseProgress?releaseId=${id}`;
  return { kind: 'release', id, name: definition.name, number: name, url: link };
}

/** Images that are rebuilt, one of which failed and one of which waits, with grandchildren and a stale check. */
export function imagesScene(emulator: Emulator): { parent: Run; failed: Run; running: Run } {
  emulator.state.addProject('Fabrikam');
  const parent = startRun(emulator, 'nightly', { durationMs: 900_000 });
  const base = startRun(emulator, 'base-image', { durationMs: 2500 });
  const scan = startRun(emulator, 'scan-image', { durationMs: 1500 });
  const issues = [{ type: 'error', message: 'r-base: package libicu72 is not available' }];
  const failed = startRun(emulator, 'r-image', { durationMs: 1000, stages: { Test: { result: 'failed', issues } } });
  const running = startRun(emulator, 'python-image', { durationMs: 600_000, cancelTakesMs: 0 });
  const checks = [{ type: 'approval', approvers: ['Kim Lee'] }];
  const waiting = startRun(emulator, 'publish-image', { durationMs: 1000, stages: { Test: { checks } } });
  register(emulator, parent, [base, failed, running, waiting]);
  register(emulator, base, [scan]);
  const dockerfile = (name: string, verdict: string, reason: string): object => ({
    path: `images/${name}/Dockerfile`,
    verdict,
    reason,
    references: [
      { role: 'base', line: 1, written: 'FROM', image: `docker.io/library/${name}:latest`, verdict, reason },
    ],
  });
  const dockerfiles = [
    dockerfile('ubuntu', 'stale', 'The base image was updated on 2026-11-19, after the last run.'),
    dockerfile('python', 'fresh', 'The base image is the one of the last run.'),
  ];
  const check = { task: 'DockerBaseStaleCheck', step: 'Check.images.stale', dockerfiles };
  register(emulator, parent, [], check);
  return { parent, failed, running };
}
