import assert from 'node:assert/strict';
import type { EmulatorState } from '../../emulator/state/EmulatorState';
import type { RequestOptions, Wire } from './request';

export type Send = (line: string, options?: RequestOptions) => Promise<Wire>;

/** Asks an emulator for everything that it implements and the documents publish, in one plausible order. */
export async function askEverything(
  state: EmulatorState,
  clock: { jump(ms: number): void },
  send: Send,
): Promise<void> {
  state.addProject('Fabrikam', { description: 'x' });
  const yaml = state.addPipeline({
    name: 'rebuild',
    folder: 'images',
    parameters: [{ name: 'image', default: 'a', values: ['a', 'b'] }],
    stages: [{ name: 'Build' }, { name: 'Deploy' }],
    variables: { open: { value: '1', allowOverride: true }, key: { isSecret: true, allowOverride: true } },
    queue: 'Default',
    demands: ['Agent.OS'],
    script: ({ attempt }) => ({
      stages: {
        Build: {
          result: attempt === 1 ? 'failed' : 'succeeded',
          issues: [{ type: 'error', message: 'boom', data: { logFileLineNumber: '3' } }],
          log: ['one', 'two'],
        },
        Deploy: {
          checks: [
            { type: 'approval', approvers: ['Dana Reyes'], instructions: 'Look twice' },
            { type: 'authorization', resource: { type: 'environment', id: '7', name: 'prod' } },
            { type: 'taskCheck', name: 'Query', durationMs: 100 },
          ],
        },
      },
      artifacts: [
        { name: 'drop', type: 'Container', files: { 'outputs.json': '{}' } },
        { name: 'pipe', files: { a: 'b' } },
        { name: 'share', type: 'FilePath', files: {} },
      ],
      attachments: [{ type: 'pipeline-cascade', name: 'x', content: '{}' }],
    }),
  });
  const classic = state.addPipeline({ name: 'old', kind: 'classic' });
  const p = 'Fabrikam/_apis';
  const connection = state.addServiceConnection({ name: 'northwind' });
  const job = `plans/${connection.id}/jobs/${connection.id}`;
  await send(`GET ${p}/serviceendpoint/endpoints/${connection.id}`);
  await send(`POST ${p}/distributedtask/hubs/build/${job}/oidctoken?serviceConnectionId=${connection.id}`, {
    body: {},
  });
  await send('GET _apis/projects?$top=1');
  await send('GET _apis/projects/Fabrikam');
  await send(
    `GET ${p}/build/definitions?name=re*&path=\\images&includeLatestBuilds=true&processType=2&queryOrder=definitionNameAscending`,
  );
  await send(`GET ${p}/build/definitions?definitionIds=${yaml.id},${classic.id}&includeAllProperties=true&$top=10`);
  await send(`GET ${p}/build/definitions/${yaml.id}`);
  await send(`GET ${p}/build/definitions/${classic.id}`);
  await send(`GET ${p}/build/generalsettings`);
  const run = await send(`POST ${p}/build/builds`, {
    body: {
      definition: { id: yaml.id },
      parameters: '{"open":"2"}',
      templateParameters: { image: 'b' },
      tags: ['one'],
    },
  });
  const one = `${p}/build/builds/${run.id}`;
  await send(`POST ${p}/build/builds`, { body: { definition: { id: classic.id } } });
  await send(`GET ${one}`);
  clock.jump(500);
  await send(`GET ${one}/timeline`);
  await send(`GET _apis/distributedtask/pools/1/agents?includeCapabilities=true&includeAssignedRequest=true`);
  clock.jump(60_000);
  await send(`GET ${one}/timeline?changeId=1`);
  await send(`PATCH ${one}?retry=true`, { body: {} });
  await send(
    `GET ${p}/build/builds?buildIds=${run.id}&statusFilter=inProgress,notStarted&branchName=refs/heads/main&tagFilters=one&$top=5&queryOrder=queueTimeDescending`,
  );
  clock.jump(60_000);
  const timeline = await send(`GET ${one}/timeline`);
  const checkpoint = timeline.records.find((record) => record.type === 'Checkpoint');
  const { planId, timelineId } = state.runs.find(({ id }) => id === run.id)!;
  await send(`PATCH ${p}/distributedtask/hubs/build/plans/${planId}/timelines/${timelineId}/records`, {
    body: { count: 0, value: [] },
  });
  await send(`GET ${p}/pipelines/checks/runs/${checkpoint!.id}`);
  const approvals = await send(`GET ${p}/pipelines/approvals?state=pending&$expand=steps,permissions&top=5`);
  await send(`GET ${p}/pipelines/approvals/${approvals.value[0]!.id}?$expand=steps`);
  await send(`PATCH ${p}/pipelines/approvals`, {
    body: [{ approvalId: approvals.value[0]!.id, status: 'approved', comment: 'go' }],
  });
  await send(`PATCH ${p}/pipelines/pipelinepermissions/environment/7`, {
    body: { pipelines: [{ id: yaml.id, authorized: true }] },
  });
  await send(`PATCH ${p}/pipelines/pipelinepermissions`, {
    body: [{ resource: { type: 'queue', id: '1' }, allPipelines: { authorized: true } }],
  });
  await send(`GET ${p}/pipelines/pipelinepermissions/environment/7`);
  state.checkConfigurations.push({
    id: 3,
    typeName: 'Approval',
    resource: { type: 'environment', id: '7', name: 'prod' },
    timeoutMinutes: 60,
    createdOn: 0,
  });
  await send(`GET ${p}/pipelines/checks/configurations?resourceType=environment&resourceId=7`);
  await send(`POST ${p}/pipelines/checks/queryconfigurations`, { body: [{ type: 'environment', id: '7' }] });
  clock.jump(60_000);
  assert.equal((await send(`GET ${one}`)).result, 'succeeded');
  await send(`GET ${one}/logs`);
  await send(`GET ${one}/logs/2`, { accept: 'text/plain' });
  await send(`PUT ${one}/tags/two`);
  await send(`POST ${one}/tags`, { body: ['three'] });
  await send(`PATCH ${one}/tags`, { body: { tagsToAdd: ['four'], tagsToRemove: ['one'] } });
  await send(`DELETE ${one}/tags/four`);
  await send(`GET ${one}/tags`);
  await send(`PATCH ${one}/properties`, {
    body: [{ op: 'add', path: '/a', value: 'b' }],
    contentType: 'application/json-patch+json',
  });
  await send(`GET ${one}/properties?filter=a`);
  await send(`GET ${one}/artifacts`);
  await send(`GET ${one}/artifacts?artifactName=drop`);
  await send(`GET ${one}/attachments/pipeline-cascade`);
  await send(`PATCH ${one}/stages/Build`, {
    body: { state: 'retry', forceRetryAllJobs: true, retryDependencies: false },
  });
  await send(`PATCH ${p}/build/builds`, { body: [{ id: run.id, status: 'cancelling' }] });
  await send(`PATCH ${one}`, { body: { status: 'cancelling' } });
  await send(`GET ${p}/build/latest/rebuild?branchName=main`);
  const leases = await send(`POST ${p}/build/retention/leases`, {
    body: [{ definitionId: yaml.id, runId: run.id, ownerId: 'User:x', daysValid: 3, protectPipeline: false }],
  });
  await send(`GET ${p}/build/retention/leases?ownerId=User:x&definitionId=${yaml.id}&runId=${run.id}`);
  await send(`GET ${p}/build/retention/leases/${leases.value[0]!.leaseId}`);
  await send(`PATCH ${p}/build/retention/leases/${leases.value[0]!.leaseId}`, { body: { daysValid: 5 } });
  await send(`GET ${one}/leases`);
  await send(`DELETE ${p}/build/retention/leases?ids=${leases.value[0]!.leaseId}`);
  await send(`GET ${p}/pipelines?orderBy=name asc&$top=10`);
  await send(`GET ${p}/pipelines/${yaml.id}`);
  await send(`POST ${p}/pipelines/${yaml.id}/preview`, { body: {} });
  const second = await send(`POST ${p}/pipelines/${yaml.id}/runs`, {
    body: {
      stagesToSkip: ['Deploy'],
      variables: { key: { value: 's', isSecret: true } },
      resources: { repositories: { self: { refName: 'refs/heads/main' } } },
    },
  });
  clock.jump(60_000);
  await send(`GET ${p}/pipelines/${yaml.id}/runs`);
  await send(`GET ${p}/pipelines/${yaml.id}/runs/${second.id}`);
  await send(`GET ${p}/pipelines/${yaml.id}/runs/${second.id}/logs?$expand=signedContent`);
  await send(`GET ${p}/pipelines/${yaml.id}/runs/${second.id}/logs/1?$expand=signedContent`);
  await send(`GET ${p}/pipelines/${yaml.id}/runs/${second.id}/artifacts?artifactName=pipe&$expand=signedContent`);
  const repositories = await send(`GET ${p}/git/repositories`);
  const git = `${p}/git/repositories/${repositories.value[0]!.id}`;
  await send(`GET ${git}`);
  await send(`GET ${git}/refs?filter=heads/&filterContains=main&$top=5`);
  await send(
    `GET ${git}/items?path=/pipelines/rebuild.yml&versionDescriptor.version=main&versionDescriptor.versionType=branch&includeContent=true&$format=json`,
  );
  await send(`GET ${git}/items?scopePath=/pipelines&recursionLevel=full`);
  const commits = await send(`GET ${git}/commits?searchCriteria.itemVersion.version=main&searchCriteria.$top=2`);
  await send(`GET ${git}/commits/${commits.value[0]!.commitId}`);
  const pull = await send(`POST ${git}/pullrequests`, {
    body: { sourceRefName: 'refs/heads/locks', targetRefName: 'refs/heads/main', title: 'Locks', description: 'new' },
  });
  await send(
    `GET ${git}/pullrequests?searchCriteria.sourceRefName=refs/heads/locks&searchCriteria.status=active&$top=1`,
  );
  await send(`GET ${git}/pullrequests/${Number(pull.pullRequestId)}`);
  await send(`PATCH ${git}/pullrequests/${Number(pull.pullRequestId)}`, { body: { description: 'newer' } });
  await send(`GET ${p}/distributedtask/queues?queueName=Default`);
  await send(`GET ${p}/distributedtask/queues?queueNames=Default`);
  await send(`GET ${p}/distributedtask/queues?queueIds=1`);
  await send(`GET ${p}/distributedtask/queues/1`);
  await send('GET _apis/distributedtask/pools?poolName=Default');
  await send('GET _apis/distributedtask/pools/1');
  await send('GET _apis/distributedtask/pools/1/agents/101');
  const key = { exponent: 'AQAB', modulus: 'AQAB' };
  const agents = '_apis/distributedtask/pools/1/agents';
  const agent = await send(`POST ${agents}`, { body: { name: 'new', authorization: { publicKey: key } } });
  await send(`PATCH ${agents}/${agent.id}`, { body: { id: agent.id, enabled: false } });
  await send(`DELETE ${agents}/${agent.id}`);
  await send(`DELETE ${p}/build/builds/${second.id}`);
  await askForReleases(state, clock, send);
}

async function askForReleases(state: EmulatorState, clock: { jump(ms: number): void }, send: Send): Promise<void> {
  const release = 'Fabrikam/_apis/release';
  const definition = state.releaseArea.addDefinition({
    name: 'Scan Pre Prod',
    folder: 'images',
    stages: [
      { name: 'Dev' },
      { name: 'Test', preApprovers: ['Dana Reyes'], variables: { ring: { value: '1', allowOverride: true } } },
      { name: 'Prod', manual: true },
    ],
    artifacts: { _api: 'old', _code: 'git:Fabrikam' },
    variables: { open: { value: 'x', allowOverride: true }, key: { isSecret: true } },
    script: {
      environments: {
        Dev: { intervention: { instructions: 'Look' }, issues: [{ type: 'warning', message: 'hm' }], log: ['one'] },
      },
    },
  });
  await send(`GET ${release}/definitions?searchText=scan&$expand=environments,artifacts&path=\\images&$top=5`);
  await send(`GET ${release}/definitions/${definition.id}`);
  const made = await send(`POST ${release}/releases`, {
    body: {
      definitionId: definition.id,
      description: 'd',
      variables: { open: { value: 'y' } },
      environmentsMetadata: [
        { definitionEnvironmentId: definition.environments[1]!.id, variables: { ring: { value: '2' } } },
      ],
    },
  });
  const one = `${release}/releases/${made.id}`;
  const interventions = await send(`GET ${one}/manualinterventions`);
  await send(`GET ${one}/manualinterventions/${interventions.value[0]!.id}`);
  await send(`PATCH ${one}/manualinterventions/${interventions.value[0]!.id}`, {
    body: { status: 'approved', comment: 'ok' },
  });
  clock.jump(500);
  await send(`GET ${one}`);
  clock.jump(10_000);
  const approvals = await send(
    `GET ${release}/approvals?releaseIdsFilter=${made.id}&statusFilter=pending&typeFilter=preDeploy&top=5`,
  );
  await send(`PATCH ${release}/approvals/${approvals.value[0]!.id}`, { body: { status: 'approved', comments: 'go' } });
  clock.jump(10_000);
  const seen = await send(`GET ${one}`);
  const environment = (seen.environments as Wire[])[2]!;
  await send(`PATCH ${one}/environments/${environment.id}`, { body: { status: 'inProgress', comment: '' } });
  await send(`GET ${one}/environments/${environment.id}`);
  await send(
    `GET ${release}/releases?definitionId=${definition.id}&$expand=environments,artifacts&$top=5&environmentStatusFilter=4&statusFilter=active`,
  );
  await send(`GET ${release}/deployments?definitionId=${definition.id}&latestAttemptsOnly=true&operationStatus=all`);
  await send(`GET ${one}/logs`);
  const [dev] = seen.environments as Wire[];
  const [step] = dev!.deploySteps as { id: number; releaseDeployPhases: { runPlanId: string }[] }[];
  await send(`GET ${one}/environments/${dev!.id}/deployPhases/${step!.id}/tasks/3/logs?startLine=0&endLine=5`);
  const { releaseArea } = state;
  const attached = { type: 'pipeline-cascade', name: 'x', content: '{}' };
  releaseArea.addAttachment(releaseArea.find(made.id)!, dev!.name, attached);
  const plan = `${one}/environments/${dev!.id}/attempts/1/plan/${step!.releaseDeployPhases[0]!.runPlanId}`;
  const [attachment] = (await send(`GET ${plan}/attachments/pipeline-cascade`)).value;
  const record = `timelines/${String(attachment!.timelineId)}/records/${String(attachment!.recordId)}`;
  await send(`GET ${plan}/${record}/attachments/pipeline-cascade/x`);
  await send(`PATCH ${one}`, { body: { status: 'abandoned', keepForever: true } });
}
