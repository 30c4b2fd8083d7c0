import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atProcessEnd } from './atProcessEnd';
import { type Endpoint, type SystemConnection, isCredential, isMaskedParameter } from './endpoints';
import { JobVariables } from './jobVariables';
import type { KnownSecret } from './leaks';
import type { TaskResult } from './result';
import { SecretMasker } from './secretMasker';
import { buildVariables } from './systemVariables';

/** What the service sends with a job, and the machine that runs it. */
export interface JobSetup {
  /** By real dotted name: `System.TeamProject`. Laid over those of a believable build unless they name a `System.HostType`. */
  variables?: Record<string, string>;
  secretVariables?: Record<string, string>;
  endpoints?: Endpoint[];
  systemConnection?: SystemConnection;
  /** `Agent.TempDirectory`; a folder of the job unless given. */
  tempDirectory?: string;
  /** `System.DefaultWorkingDirectory` and, in a build, `Build.SourcesDirectory`; an empty folder unless given. */
  workingDirectory?: string;
  /** The environment of the agent itself, over PATH, HOME (an empty folder) and LANG; nothing else is inherited. */
  agentEnvironment?: Record<string, string>;
}

/** A job under way: what one step leaves for the next. */
export interface Job {
  /** Holds `_work` and all below it. */
  folder: string;
  tempDirectory: string;
  agentEnvironment: Record<string, string>;
  variables: JobVariables;
  endpoints: Endpoint[];
  systemConnection: SystemConnection | undefined;
  prependedPaths: string[];
  masker: SecretMasker;
  secrets: KnownSecret[];
  status: TaskResult;
  /** Removes the job's folder now; otherwise it goes when this process ends, so that a test can look at files before. */
  remove: () => void;
}

/** Starts a job: its folders, variables, and what is masked from the start. A further step joins by `job` in its options. */
export function createJob(setup: JobSetup = {}): Job {
  const folder = mkdtempSync(join(tmpdir(), 'agent-job-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const forget = atProcessEnd(remove);
  const masker = new SecretMasker();
  const variables = new JobVariables(masker);
  const tempDirectory = setup.tempDirectory ?? join(folder, '_work', '_temp');
  const agentEnvironment = {
    PATH: process.env.PATH ?? '',
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    ...setup.agentEnvironment,
  };
  for (const directory of [tempDirectory, agentEnvironment.HOME]) mkdirSync(directory, { recursive: true });

  const given = withDefaults(setup);
  for (const [name, value] of Object.entries(given)) variables.set(name, value, { readOnly: isSystemName(name) });
  setAgentVariables(variables, folder, { ...setup, tempDirectory });
  for (const [name, value] of Object.entries(setup.variables ?? {})) variables.set(name, value);
  for (const [name, value] of Object.entries(setup.secretVariables ?? {})) variables.set(name, value, { secret: true });
  setAccessToken(variables, setup.systemConnection);

  const endpoints = (setup.endpoints ?? []).map((endpoint) => ({ ...endpoint, id: endpoint.id.toLowerCase() }));
  for (const { parameters } of endpoints) {
    for (const [name, value] of Object.entries(parameters)) if (isMaskedParameter(name)) masker.add(value);
  }
  return {
    folder,
    tempDirectory,
    agentEnvironment,
    variables,
    endpoints,
    systemConnection: setup.systemConnection,
    prependedPaths: [],
    masker,
    secrets: knownSecrets(setup),
    status: 'Succeeded',
    remove: () => {
      remove();
      forget();
    },
  };
}

/** Sets the job's status, which a post-job part reads as `Agent.JobStatus`. */
export function setJobStatus(job: Job, status: TaskResult): void {
  job.status = status;
  job.variables.set('agent.jobstatus', status);
}

function withDefaults(setup: JobSetup): Record<string, string> {
  const given = setup.variables ?? {};
  const namesHost = Object.keys(given).some((name) => name.toLowerCase() === 'system.hosttype');
  const url = setup.systemConnection?.url;
  return namesHost ? given : { ...buildVariables(url === undefined ? {} : { collectionUri: url }), ...given };
}

/** The service marks what it sends under these names as read-only; a variable of a user's pipeline has none of them. */
function isSystemName(name: string): boolean {
  return /^(agent|build|common|pipeline|release|system|task)(\.|$)/i.test(name);
}

/** What the agent adds to the variables of the service (JobRunner.cs, BuildJobExtension.cs, ReleaseJobExtension.cs). */
function setAgentVariables(variables: JobVariables, folder: string, setup: JobSetup & { tempDirectory: string }): void {
  const work = join(folder, '_work');
  const inRelease = variables.get('system.hosttype')?.toLowerCase() === 'release';
  const own = inRelease ? releaseFolders(work, setup) : buildFolders(work, setup);
  const tools = join(work, '_tool');
  for (const directory of [...Object.values(own), tools]) mkdirSync(directory, { recursive: true });
  const agent: Record<string, string> = {
    ...own,
    'agent.id': '8',
    'agent.name': 'fabrikam-agent-1',
    'agent.machinename': 'fabrikam-vm-1',
    'agent.cloudid': '',
    'agent.version': '4.270.0',
    'agent.os': 'Linux',
    'agent.osarchitecture': process.arch === 'arm64' ? 'ARM64' : 'X64',
    'agent.isselfhosted': '1',
    'agent.jobname': variables.get('system.jobDisplayName') ?? 'Job',
    'agent.jobstatus': 'Succeeded',
    'agent.homedirectory': folder,
    'agent.rootdirectory': work,
    'agent.workfolder': work,
    'system.workfolder': work,
    'agent.toolsdirectory': tools,
    'agent.tempdirectory': setup.tempDirectory,
    'system.isazurevm': '0',
    'system.isdockercontainer': '0',
    ...(setup.systemConnection && { 'system.TeamFoundationServerUri': setup.systemConnection.url }),
  };
  for (const [name, value] of Object.entries(agent)) variables.set(name, value, { readOnly: true });
}

function buildFolders(work: string, { workingDirectory }: JobSetup): Record<string, string> {
  const build = join(work, '1');
  const sources = workingDirectory ?? join(build, 's');
  return {
    'agent.builddirectory': build,
    'pipeline.workspace': build,
    'build.sourcesdirectory': sources,
    'build.repository.localpath': sources,
    'system.defaultworkingdirectory': sources,
    'build.artifactstagingdirectory': join(build, 'a'),
    'build.stagingdirectory': join(build, 'a'),
    'system.artifactsdirectory': join(build, 'a'),
    'build.binariesdirectory': join(build, 'b'),
    'common.testresultsdirectory': join(build, 'TestResults'),
  };
}

function releaseFolders(work: string, { workingDirectory }: JobSetup): Record<string, string> {
  const artifacts = workingDirectory ?? join(work, 'r1', 'a');
  return {
    'agent.releaseDirectory': artifacts,
    'system.artifactsDirectory': artifacts,
    'system.defaultworkingdirectory': artifacts,
  };
}

/** The job token is a secret variable, and a public one only where the job may hand it to scripts (JobRunner.cs). */
function setAccessToken(variables: JobVariables, connection: SystemConnection | undefined): void {
  if (connection === undefined) return;
  const open = variables.isTrue('system.enableAccessToken');
  variables.set('system.accessToken', connection.token, { secret: !open, readOnly: true });
}

function knownSecrets(setup: JobSetup): KnownSecret[] {
  const ofEndpoints = (setup.endpoints ?? []).flatMap((endpoint) =>
    Object.entries(endpoint.parameters)
      .filter(([name]) => isCredential(name))
      .map(([name, value]) => ({ name: `${name} of the connection '${endpoint.name}'`, value })),
  );
  const ofVariables = Object.entries(setup.secretVariables ?? {}).map(([name, value]) => ({
    name: `the secret variable '${name}'`,
    value,
  }));
  const token = setup.systemConnection?.token;
  return [...ofEndpoints, ...ofVariables, ...(token === undefined ? [] : [{ name: 'the job token', value: token }])];
}
