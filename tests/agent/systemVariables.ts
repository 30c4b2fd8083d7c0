/** What a test may want to say about the run in which a task executes; the rest is made up believably. */
export interface BuildRun {
  /** URL of the organization or collection; `https://dev.azure.com/fabrikam/` unless given. */
  collectionUri?: string;
  project?: string;
  projectId?: string;
  runId?: number;
  runNumber?: string;
  definitionId?: number;
  definitionName?: string;
  /** Full ref name: `refs/heads/main`. */
  branch?: string;
  commit?: string;
  reason?: string;
  requestedFor?: { id: string; name: string; email: string };
  repository?: { id: string; name: string; uri: string; provider: string };
  stage?: string;
  job?: string;
  attempt?: number;
  debug?: boolean;
  serverType?: 'Hosted' | 'OnPremises';
}

/** The same for a stage of a classic release; `artifact` is the build that is its primary artifact. */
export interface ReleaseRun extends Omit<BuildRun, 'stage' | 'job'> {
  releaseId?: number;
  releaseName?: string;
  releaseDefinitionId?: number;
  releaseDefinitionName?: string;
  environmentId?: number;
  environmentName?: string;
  definitionEnvironmentId?: number;
  deploymentId?: number;
  artifactAlias?: string;
}

const planId = '5f0a4a1e-7c1c-4a5e-9b0c-0d7f6c3f1a11';
const jobId = '12f1170f-54f2-53f3-20dd-22fc7dff55f9';
const fabrikam = {
  id: 'a7a3f3a4-1f0e-6b0c-8d52-9a1f4e6b7c01',
  name: 'Jamal Hartnett',
  email: 'jamal@fabrikam.example',
};
const mainRepository = {
  id: '278d5cd2-584d-4b63-824a-2ba458937249',
  name: 'fabrikam-images',
  uri: 'https://dev.azure.com/fabrikam/Fabrikam/_git/fabrikam-images',
  provider: 'TfsGit',
};

/** The variables that the service sends with the job of a build, named and cased as it does. */
export function buildVariables(run: BuildRun = {}): Record<string, string> {
  const { stage = '__default', job = 'Job', attempt = 1 } = run;
  return {
    ...sharedVariables(run, 'build'),
    ...sourceVariables(run),
    'system.definitionId': String(run.definitionId ?? 12),
    'system.definitionName': run.definitionName ?? 'parent',
    'system.stageName': stage,
    'system.stageDisplayName': stage,
    'system.stageAttempt': String(attempt),
    'system.phaseName': job,
    'system.phaseDisplayName': job,
    'system.phaseAttempt': String(attempt),
    'system.jobName': '__default',
    'system.jobAttempt': String(attempt),
    'system.isScheduled': 'False',
  };
}

/** The variables that the service sends with the job of a classic release. `build.*` are those of the primary artifact. */
export function releaseVariables(run: ReleaseRun = {}): Record<string, string> {
  const { collectionUri, project, user } = who(run);
  const { releaseId = 118, releaseName = 'Release-118', environmentId = 276, environmentName = 'Production' } = run;
  const alias = run.artifactAlias ?? '_parent';
  const { definitionId = 12, definitionName = 'parent' } = run;
  const artifact: Record<string, string> = {
    definitionId: String(definitionId),
    definitionName,
    buildId: String(run.runId ?? 4711),
    buildNumber: run.runNumber ?? '20261120.1',
    buildURI: `vstfs:///Build/Build/${run.runId ?? 4711}`,
    sourceBranch: run.branch ?? 'refs/heads/main',
    sourceBranchName: branchName(run),
    sourceVersion: run.commit ?? sampleCommit,
    type: 'Build',
  };
  return {
    ...sharedVariables(run, 'release'),
    ...sourceVariables(run),
    'system.definitionId': String(run.releaseDefinitionId ?? 7),
    'release.definitionId': String(run.releaseDefinitionId ?? 7),
    'release.definitionName': run.releaseDefinitionName ?? 'deploy',
    'release.releaseId': String(releaseId),
    'release.releaseName': releaseName,
    'release.releaseDescription': '',
    'release.releaseUri': `vstfs:///ReleaseManagement/Release/${releaseId}`,
    'release.releaseWebUrl': `${collectionUri}${project}/_release?releaseId=${releaseId}&_a=release-summary`,
    'release.reason': run.reason ?? 'Manual',
    'release.requestedFor': user.name,
    'release.requestedForEmail': user.email,
    'release.requestedForId': user.id,
    'release.deployment.requestedFor': user.name,
    'release.deployment.requestedForEmail': user.email,
    'release.deployment.requestedForId': user.id,
    'release.deploymentId': String(run.deploymentId ?? 2035),
    'release.deployPhaseId': '357',
    'release.attemptNumber': String(run.attempt ?? 1),
    'release.definitionEnvironmentId': String(run.definitionEnvironmentId ?? 31),
    'release.environmentId': String(environmentId),
    'release.environmentName': environmentName,
    'release.environmentUri': `vstfs:///ReleaseManagement/Environment/${environmentId}`,
    [`release.environments.${environmentName}.status`]: 'InProgress',
    'release.primaryArtifactSourceAlias': alias,
    'release.triggeringArtifact.alias': alias,
    ...Object.fromEntries(Object.entries(artifact).map(([key, value]) => [`release.artifacts.${alias}.${key}`, value])),
  };
}

const sampleCommit = '9f2c1d0b7e6a4c3d8b5f0a1e2d3c4b5a69788790';

function who(run: BuildRun) {
  const collectionUri = (run.collectionUri ?? 'https://dev.azure.com/fabrikam/').replace(/\/*$/, '/');
  return { collectionUri, project: run.project ?? 'Fabrikam', user: run.requestedFor ?? fabrikam };
}

function sharedVariables(run: BuildRun, hostType: 'build' | 'release'): Record<string, string> {
  const { collectionUri, project } = who(run);
  const projectId = run.projectId ?? '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c';
  // The name under which the plan of a release is kept differs from its host type.
  const hub = hostType === 'build' ? 'build' : 'rm';
  return {
    system: hostType,
    'system.hosttype': hostType,
    'system.servertype': run.serverType ?? 'Hosted',
    'system.culture': 'en-US',
    'system.collectionId': '1a86a0b1-0a6d-4a5e-8e0c-6f4c7c5f2d10',
    'system.collectionUri': collectionUri,
    'system.teamFoundationCollectionUri': collectionUri,
    'system.taskDefinitionsUri': collectionUri,
    'system.teamProject': project,
    'system.teamProjectId': projectId,
    'system.planId': planId,
    'system.timelineId': planId,
    'system.jobId': jobId,
    'system.jobDisplayName': hostType === 'build' ? (run.job ?? 'Job') : 'Agent job',
    'system.oidcRequestUri': `${collectionUri}${projectId}/_apis/distributedtask/hubs/${hub}/plans/${planId}/jobs/${jobId}/oidctoken`,
    ...(run.debug === true && { 'system.debug': 'true' }),
  };
}

function sourceVariables(run: BuildRun): Record<string, string> {
  const { runId = 4711, branch = 'refs/heads/main', repository = mainRepository } = run;
  const { user } = who(run);
  return {
    'build.buildId': String(runId),
    'build.buildNumber': run.runNumber ?? '20261120.1',
    'build.buildUri': `vstfs:///Build/Build/${runId}`,
    'build.containerId': '98765',
    'build.definitionId': String(run.definitionId ?? 12),
    'build.definitionName': run.definitionName ?? 'parent',
    'build.definitionVersion': '3',
    'build.reason': run.reason ?? 'Manual',
    'build.queuedBy': user.name,
    'build.queuedById': user.id,
    'build.requestedFor': user.name,
    'build.requestedForEmail': user.email,
    'build.requestedForId': user.id,
    'build.sourceBranch': branch,
    'build.sourceBranchName': branchName(run),
    'build.sourceVersion': run.commit ?? sampleCommit,
    'build.sourceVersionAuthor': user.name,
    'build.sourceVersionMessage': 'Pin the base image',
    'build.repository.id': repository.id,
    'build.repository.name': repository.name,
    'build.repository.uri': repository.uri,
    'build.repository.provider': repository.provider,
    'build.repository.clean': 'False',
    'build.repository.git.submodulecheckout': 'False',
  };
}

/** The last segment only: `refs/heads/feature/x` gives `x`. */
function branchName(run: BuildRun): string {
  return (run.branch ?? 'refs/heads/main').split('/').at(-1) ?? '';
}
