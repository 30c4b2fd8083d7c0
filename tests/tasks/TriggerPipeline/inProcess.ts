import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmulator, type Emulator } from '../../../emulator/server';
import { readInputs } from '../../../tasks/TriggerPipeline/inputs';
import { triggerPipeline } from '../../../tasks/TriggerPipeline/triggerPipeline';
import type { Agent } from '../../../tasks/lib/agent';
import { AzureDevOps } from '../../../tasks/lib/azureDevOps';
import { readConnection } from '../../../tasks/lib/connection';
import { readParent } from '../../../tasks/lib/parent';
import { Register, stepNameOf } from '../../../tasks/lib/register';
import { Secrets } from '../../../tasks/lib/secrets';
import { Transport } from '../../../tasks/lib/transport';
import type { Verdict } from '../../../tasks/lib/verdict';
import type { Clock, World } from '../../../tasks/lib/world';
import { buildVariables } from '../../agent/systemVariables';

/** A clock that stands still while there is something to do and jumps over every pause. */
export function jumpingClock(): Clock {
  let now = Date.parse('2026-11-21T09:00:00Z');
  return {
    now: () => now,
    sleep: async (ms) => {
      now += Math.max(0, ms);
    },
  };
}

export interface InProcess {
  emulator: Emulator;
  clock: Clock;
  /** Runs the task's work with these inputs, without a process of its own. */
  run(inputs: Record<string, string>): Promise<{ verdict: Verdict; log: string[] }>;
  close(): Promise<void>;
}

/** The work of the task against an emulator that lives on the same jumping clock: an hour's wait takes a moment. */
export async function startInProcess(): Promise<InProcess> {
  const clock = jumpingClock();
  const emulator = await startEmulator({ clock });
  emulator.state.addProject('Fabrikam');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-'));
  const run: InProcess['run'] = async (inputs) => {
    const log: string[] = [];
    const say = (text: string) => void log.push(text);
    const { signal } = new AbortController();
    // A sleep with a signal of its own is a limit on work that is under way: that ends before any time has passed.
    const sleep = async (ms: number, other?: AbortSignal) =>
      other && other !== signal ? await new Promise<void>(() => undefined) : await clock.sleep(ms);
    const world: World = {
      clock: { now: () => clock.now(), sleep },
      log: {
        info: say,
        warning: say,
        error: say,
        debug: () => undefined,
        group: (title, lines) => log.push(title, ...lines),
      },
      signal,
    };
    const agent = tableAgent(emulator, inputs, folder);
    const transport = new Transport(world);
    const account = readConnection(agent, new Secrets(() => undefined), { transport, clock });
    const azureDevOps = new AzureDevOps(account, transport);
    const parent = readParent(agent);
    const verdict = await triggerPipeline(
      await readInputs(
        (name) => agent.input(name),
        () => '',
      ),
      {
        agent,
        azureDevOps,
        own: () => azureDevOps,
        parent,
        register: Register.open(agent, 'TriggerPipeline', parent, world),
        stepName: stepNameOf(parent),
      },
      world,
    );
    return { verdict, log };
  };
  const close = async () => {
    await emulator.close();
    fs.rmSync(folder, { recursive: true });
  };
  return { emulator, clock, run, close };
}

/** An agent that is a table: what it is told is forgotten. */
function tableAgent({ url, token }: Emulator, inputs: Record<string, string>, folder: string): Agent {
  const variables = new Map(
    Object.entries({
      ...buildVariables({ collectionUri: url, project: 'Fabrikam' }),
      'Agent.TempDirectory': folder,
    }).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const given: Record<string, string> = { project: 'Fabrikam', ...inputs };
  const nothing = () => undefined;
  return {
    input: (name) => given[name],
    variable: (name) => variables.get(name.toLowerCase()),
    variables: () => [],
    endpoint: nothing,
    systemEndpoint: () => ({
      id: 'SYSTEMVSSCONNECTION',
      url,
      scheme: 'OAuth',
      parameter: (name) => (name === 'AccessToken' ? token : undefined),
      data: nothing,
    }),
    network: () => ({}),
    setSecret: nothing,
    setOutput: nothing,
    setTaskVariable: nothing,
    taskVariable: nothing,
    attach: nothing,
    uploadSummary: nothing,
    setProgress: nothing,
  };
}
