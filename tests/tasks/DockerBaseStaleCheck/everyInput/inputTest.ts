import assert from 'node:assert/strict';
import type { NewPipeline } from '../../../../emulator/state/EmulatorState';
import type { JobOptions } from '../../../agent/agent';
import { daysAgo, startProject, type Checked, type Project } from '../project';

/** How one input of task.json is shown to do what it is for, and to say what is wrong when it is used wrongly. */
export interface InputTest {
  /** What it does, and a step that shows it. */
  use: [does: string, test: () => Promise<void>];
  misuse: Misuse;
}

/** A step that uses the input wrongly: nothing is started, no registry is asked, and one sentence says what is wrong. */
export interface Misuse {
  inputs: Record<string, string>;
  says: RegExp;
  options?: Partial<JobOptions>;
}

export type InputTests = Record<string, InputTest>;

export const HOUR_MS = 3_600_000;
const FIRST_RUN = 1001;
export const OLD = { created: daysAgo(60), layers: ['base'] };
export const NEW = { created: daysAgo(1), layers: ['base 2'] };
export const EACH = { pipeline: 'rebuild', parameters: 'image: ${folder}' };

/** Two images, one of them stale, and the pipeline that rebuilds them. */
export async function withImages(
  pipeline: Partial<NewPipeline> = {},
  options: Parameters<typeof startProject>[0] = {},
): Promise<Project> {
  const project = await startProject(options);
  project.registry.put('base', 'new', NEW);
  project.registry.put('base', 'old', OLD);
  project.write('a/Dockerfile', 'FROM REGISTRY/base:new\n');
  project.write('b/Dockerfile', 'FROM REGISTRY/base:old\n');
  project.emulator.state.addPipeline({
    name: 'rebuild',
    parameters: [{ name: 'image', type: 'string', default: 'none' }],
    script: { durationMs: 0 },
    ...pipeline,
  });
  return project;
}

/** The stale image is rebuilt at the moment, by a run that lies so far back in its pipeline that only those under way show it. */
export async function withRunningRebuild(): Promise<Project> {
  const project = await withImages({ script: ({ runId }) => ({ durationMs: runId === FIRST_RUN ? HOUR_MS : 0 }) });
  const { state } = project.emulator;
  const [pipeline] = state.pipelines;
  for (let run = 0; run <= 200; run++) {
    const image = run === 0 ? 'a' : `other ${run}`;
    if (pipeline) state.queue(pipeline, { templateParameters: { image } });
  }
  return project;
}

/** Runs a step that has to succeed. */
export async function succeed(
  project: Project,
  inputs: Record<string, string> = {},
  more: Partial<JobOptions> = {},
): Promise<Checked> {
  const step = await project.check(inputs, more);
  assert.equal(step.result, 'Succeeded', `${step.message ?? ''}\n${step.log.join('\n')}`);
  return step;
}

export async function assertRefused({ inputs, says, options }: Misuse): Promise<void> {
  const project = await withImages();
  const step = await project.check(inputs, options);
  assert.equal(step.result, 'Failed');
  assert.match(step.message ?? '', says);
  assert.doesNotMatch(step.message ?? '', /defect of the task|\n/, 'it is a sentence, not a stack');
  assert.equal(project.emulator.state.runs.length, 0, 'nothing is started');
  assert.deepEqual(project.registry.calls, [], 'no registry is asked');
}

/** What an input says to a word that is none of its choices. */
export function word(input: string, options: string): Misuse {
  return { inputs: { [input]: 'explode' }, says: new RegExp(`^${input}: 'explode' is none of ${options}\\.$`) };
}

export function number(input: string, from: number, to: number): Misuse {
  return {
    inputs: { [input]: '1.5' },
    says: new RegExp(`^${input}: '1\\.5' is no whole number from ${from} to ${to}`),
  };
}

export function flag(input: string): Misuse {
  return { inputs: { [input]: 'yes' }, says: new RegExp(`^${input}: 'yes' is neither true nor false`) };
}
