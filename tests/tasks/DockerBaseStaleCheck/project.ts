import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmulator, type Emulator } from '../../../emulator/server';
import { startRegistry, type RegistryEmulator, type RegistryEmulatorOptions } from '../../../emulator/registry/server';
import { startStep, type JobOptions, type RunningStep, type StepResult } from '../../agent/agent';
import { buildVariables } from '../../agent/systemVariables';
import { proper } from '../TriggerPipeline/organization';
import { taskFolder } from '../taskFolder';

/** A repository with Dockerfiles, a registry and an organization, for one test. */
export interface Project {
  folder: string;
  registry: RegistryEmulator;
  emulator: Emulator;
  /** Of the parent run. */
  variables: Record<string, string>;
  write(file: string, text: string): void;
  read(file: string): string;
  /** Runs the task to its end. */
  check(inputs?: Record<string, string>, more?: Partial<JobOptions>): Promise<Checked>;
  start(inputs?: Record<string, string>, more?: Partial<JobOptions>): Promise<RunningStep>;
}

export interface Checked extends StepResult {
  report: Report;
  /** Verdicts by path. */
  verdicts: Record<string, string>;
}

export interface Report {
  dockerfiles: {
    path: string;
    verdict: string;
    reason: string;
    error?: string;
    packages: PackageRow[];
    unreadable?: { line: number; reason: string }[];
    references: { role: string; image?: string; verdict?: string; digest?: string; updated?: string }[];
  }[];
  requests: Record<string, { ping: number; head: number; get: number; token: number; throttled: number }>;
}

export interface PackageRow {
  manager: string;
  name: string;
  line?: number;
  wanted: string;
  platform?: string;
  locked?: string;
  newest?: string;
  source: string;
  verdict: string;
  reason: string;
}

const open: { close(): Promise<void> }[] = [];
const folders: string[] = [];

/** @param clock that of the organization; the machine's own unless given. */
export async function startProject(
  options: RegistryEmulatorOptions & { clock?: { now(): number } } = {},
): Promise<Project> {
  const { clock } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-stale-'));
  folders.push(folder);
  // Not a copy: whoever gave the options may change the registry's pace.
  const registry = await startRegistry(options);
  const emulator = await startEmulator(clock ? { clock } : {});
  const { id: projectId } = emulator.state.addProject('Fabrikam');
  open.push(registry, emulator);
  const variables = buildVariables({ collectionUri: emulator.url, project: 'Fabrikam', projectId });
  const start: Project['start'] = async (inputs = {}, more = {}) =>
    startStep({
      taskFolder: await taskFolder('DockerBaseStaleCheck'),
      inputs: { searchFolder: folder, ...inputs },
      stepName: 'check',
      node: process.env.CASCADE_TEST_NODE ?? process.execPath,
      variables,
      systemConnection: { url: emulator.url, token: emulator.token },
      env: { DOCKER_CONFIG: folder },
      ...more,
    });
  return {
    folder,
    registry,
    emulator,
    variables,
    write(file, text) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text.replaceAll('REGISTRY', registry.host));
    },
    read: (file) => fs.readFileSync(path.join(folder, file), 'utf8'),
    start,
    check: async (inputs, more) => checked(await (await start(inputs, more)).finished),
  };
}

/** A step that has ended, with what its report says. */
export function checked(step: StepResult): Checked {
  const report = readReport(proper(step).outputs.report);
  const verdicts = Object.fromEntries(report.dockerfiles.map(({ path: file, verdict }) => [file, verdict]));
  return { ...step, report, verdicts };
}

/** For `after`. */
export async function closeProjects(): Promise<void> {
  await Promise.all(open.splice(0).map((one) => one.close()));
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
}

export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

function readReport(file: string | undefined): Report {
  if (file === undefined || !fs.existsSync(file)) return { dockerfiles: [], requests: {} };
  return JSON.parse(fs.readFileSync(file, 'utf8')) as Report;
}
