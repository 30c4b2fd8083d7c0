import type { Emulator } from '../../emulator/server';
import type { JobOptions, StepResult } from '../agent/agent';
import type { World } from './world';

export type TaskName = 'TriggerPipeline' | 'TriggerRelease' | 'DockerBaseStaleCheck';

/** What a step was asked to do, and what holds when it did. */
export interface Plan {
  step: Partial<JobOptions> & { inputs: Record<string, string> };
  /** How many children the step is to start; 0 where it starts none. */
  starts: number;
  /** Whether a step that ends well promises that its children succeeded; true unless given. */
  waits?: boolean;
  /** What else a step that ends well promises: a sentence for each promise that is not kept. */
  broken?(step: StepResult): string[];
  /** The job is cancelled when so much virtual time has passed. */
  cancelAfterMs?: number;
  /** Values that may be nowhere but in requests to their own hosts; asked for when the step is over. */
  secrets?(): string[];
  /** The organization of its children; that of the job unless given. */
  childrenOf?: Emulator;
}

/** One use of a task, whole: the campaign lets each of its requests fail in each way and stops it at each. */
export interface Scenario {
  name: string;
  task: TaskName;
  prepare(world: World): Plan | Promise<Plan>;
}
