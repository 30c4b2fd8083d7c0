import { AzureDevOps } from '../lib/azureDevOps';
import { ownOrganization, readConnection } from '../lib/connection';
import { readParent } from '../lib/parent';
import { Register, stepNameOf } from '../lib/register';
import { runTask } from '../lib/runTask';
import { Transport } from '../lib/transport';
import { readInputs, secretValues } from './inputs';
import { cancelLeftovers } from './postJob';
import { triggerRelease } from './triggerRelease';

// The post-job part is the same bundle: its little entry file sets this before it loads it.
const isPostJob = process.env.PIPELINE_CASCADE_POST_JOB === 'true';

void runTask(async ({ agent, world, secrets }) => {
  const transport = new Transport(world, agent.network());
  const connect = () => new AzureDevOps(readConnection(agent, secrets, { transport, clock: world.clock }), transport);
  if (isPostJob) return await cancelLeftovers(agent, connect, world);
  const inputs = await readInputs((name) => agent.input(name));
  for (const value of secretValues(inputs)) secrets.add(value);
  const azureDevOps = connect();
  const own = () => new AzureDevOps(ownOrganization(agent, secrets), transport);
  const parent = readParent(agent);
  const register = Register.open(agent, 'TriggerRelease', parent, world);
  return await triggerRelease(
    inputs,
    { agent, azureDevOps, own, parent, register, stepName: stepNameOf(parent) },
    world,
  );
});
