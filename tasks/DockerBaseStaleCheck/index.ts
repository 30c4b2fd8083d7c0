import { AzureDevOps } from '../lib/azureDevOps';
import { ownOrganization, readConnection } from '../lib/connection';
import { readParent } from '../lib/parent';
import { Register, stepNameOf } from '../lib/register';
import { cancelLeftovers } from '../lib/runs/postJob';
import { runTask } from '../lib/runTask';
import { Transport } from '../lib/transport';
import { readInputs, secretValues } from './inputs';
import { agentCredentials } from './registry/agentCredentials';
import { connectionCredentials } from './registry/connections';
import { Registries } from './registry/Registries';
import { staleCheck } from './staleCheck';

// The post-job part is the same bundle: its little entry file sets this before it loads it.
const isPostJob = process.env.PIPELINE_CASCADE_POST_JOB === 'true';

void runTask(async ({ agent, world, secrets }) => {
  const transport = new Transport(world, agent.network());
  const connect = () => new AzureDevOps(readConnection(agent, secrets, { transport, clock: world.clock }), transport);
  if (isPostJob) return await cancelLeftovers(agent, connect, world);
  const inputs = await readInputs((name) => agent.input(name));
  for (const value of secretValues(inputs)) secrets.add(value);
  const azureDevOps = inputs.starts ? connect() : undefined;
  const account = agent.systemEndpoint() && ownOrganization(agent, secrets);
  const own = () => new AzureDevOps(ownOrganization(agent, secrets), transport);
  const signIn = { agent, own: account, transport, clock: world.clock, secrets };
  const credentialFor = agentCredentials(inputs.registryConnections, signIn, world.log);
  const hosts = { mirrors: inputs.registryMirrors, insecure: inputs.insecureRegistries };
  const registries = new Registries(transport, { ...hosts, credentialFor }, world, secrets);
  const packages = inputs.packages.managers.length
    ? await (
        await import('./packages/openPackages')
      ).openPackages(
        inputs.packages,
        { ...signIn, connections: connectionCredentials(inputs.registryConnections, agent, signIn) },
        world,
      )
    : undefined;
  const parent = readParent(agent);
  const register = Register.open(agent, 'DockerBaseStaleCheck', parent, world);
  const searchFolder = agent.input('searchFolder') ?? agent.variable('System.DefaultWorkingDirectory') ?? '.';
  const { updateLock: way } = inputs;
  const git =
    (way === 'commit' || way === 'pullRequest') && !inputs.dryRun
      ? await (
          await import('./lock/publishLocks')
        ).openPublishing(
          { way, searchFolder, commit: inputs.commit },
          { ...signIn, parent, environment: process.env },
          world,
        )
      : undefined;
  return await staleCheck(
    { ...inputs, searchFolder },
    { agent, registries, packages, git, azureDevOps, own, parent, register, stepName: stepNameOf(parent) },
    world,
  );
});
