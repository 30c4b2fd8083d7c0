import assert from 'node:assert/strict';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Emulator } from '../../emulator/server';
import type { Run } from '../../emulator/state/runs';
import type { Job } from '../../tests/agent/job';
import { startStep, type StepResult } from '../../tests/agent/agent';
import { buildVariables } from '../../tests/agent/systemVariables';
import type { TabHost } from '../tabHost/server';
import { attachedBy } from './attached';
import type { Screen } from './screen';
import { summaryText } from './summaryText';

/** One thing that the extension does, shown. */
export interface Scene {
  title: string;
  /** Throws when it did not end as it should. */
  play(player: Player): Promise<void>;
}

/** A step as a pipeline's author writes it. */
export interface Step {
  task: 'TriggerPipeline' | 'TriggerRelease' | 'DockerBaseStaleCheck';
  name: string;
  inputs: Record<string, string>;
  /** The run that the step is part of; one that the emulator does not know unless given. */
  parent?: Run;
  /** The job of an earlier step. */
  job?: Job;
  /** What the job has checked out, and the address it came from. */
  sources?: { folder: string; url: string };
}

interface Props {
  emulator: Emulator;
  tabHost: TabHost;
  /** The unpacked .vsix. */
  folder: string;
  screen: Screen;
  /** The person pressed Ctrl+C. */
  stop: AbortSignal;
}

/** Runs steps as an agent does, in a run of the project Fabrikam, and shows what a person would see of them. */
export class Player {
  constructor(private readonly props: Props) {}

  get emulator(): Emulator {
    return this.props.emulator;
  }

  /** Address of the page of a run, with the tab on it; it works as long as the demo runs. */
  pageOf({ id }: Run): string {
    return this.props.tabHost.page({ id });
  }

  say(text: string): void {
    this.props.screen.line(text);
  }

  /** Runs a step to its end: shows its YAML, its log as it comes, its summary and its outputs. */
  async run({ task, name, inputs, parent, job, sources }: Step): Promise<StepResult> {
    const { emulator, folder, screen, stop } = this.props;
    screen.block('The step', stringify([{ task: `${task}@1`, name, inputs }]));
    const step = await startStep({
      taskFolder: path.join(folder, task),
      inputs,
      stepName: name,
      variables: buildVariables({
        ...{ collectionUri: emulator.url, project: 'Fabrikam' },
        ...(parent && { runId: parent.id, runNumber: parent.number, definitionId: parent.pipeline.id }),
        ...(sources && { repository: { id: 'images', name: 'images', uri: sources.url, provider: 'TfsGit' } }),
      }),
      systemConnection: { url: emulator.url, token: emulator.token },
      ...(job && { job }),
      ...(sources && { workingDirectory: sources.folder }),
    });
    screen.block('Its log', '');
    // What the agent says around a step is not the task's.
    step.onLog((line) => line.startsWith('##[section]') || screen.log(line));
    step.onLine(({ line }) => {
      const attachment = parent && attachedBy(line);
      if (attachment) emulator.state.addAttachment(parent, attachment);
    });
    const cancel = () => void step.cancel();
    stop.addEventListener('abort', cancel, { once: true });
    if (stop.aborted) cancel();
    const result = await step.finished;
    stop.removeEventListener('abort', cancel);
    screen.block('The step ended', result.result);
    for (const { markdown } of result.summaries) screen.block("Its summary on the run's page", summaryText(markdown));
    screen.block('Its output variables', outputLines(name, result.outputs));
    assert.deepEqual(result.leaks, [], 'a secret was printed');
    return result;
  }
}

const LONGEST_VALUE = 110;

function outputLines(step: string, outputs: Record<string, string>): string {
  const lines = Object.entries(outputs).map(([name, value]) => {
    const text = value.replace(/\s+/g, ' ');
    const shown = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
    return `$(${step}.${name}) = ${shown}\n`;
  });
  return lines.join('');
}
