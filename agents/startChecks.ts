import type { AzureDevOps } from '../tasks/lib/azureDevOps';
import { ApiError, UserError } from '../tasks/lib/errors';
import { places } from './azureDevOps/places';
import type { Pool, PoolService } from './azureDevOps/poolService';
import type { Config } from './config';
import type { JsonLog } from './log';
import { scopes } from './signIn';

/** The greatest id that the service can tell; no agent gets there. */
const noAgent = 2 ** 31 - 1;

interface Asking {
  azureDevOps: AzureDevOps;
  service: PoolService;
  log: JsonLog;
}

/**
 * Resolves the pools, proves that it may manage them, and says what about them would keep one-job agents from working. Throws `UserError`
 * with one line for each pool that cannot be served.
 */
export async function findPools({ pools }: Pick<Config, 'pools'>, asking: Asking): Promise<Pool[]> {
  const { service, log } = asking;
  const found: Pool[] = [];
  const problems: string[] = [];
  for (const name of pools) {
    const pool = await orScope(asking, 'read agent pools', () => service.findPool(name));
    const problem = pool === undefined ? await unknownPool(name, asking) : await unfit(pool, asking);
    if (problem !== undefined) problems.push(problem);
    else if (pool) {
      found.push(pool);
      log.say('info', `Pool '${pool.name}' is there and may be managed.`, { pool: pool.name });
    }
    if (pool?.autoUpdate) {
      log.warning(
        `Pool '${name}' updates its agents, which costs a one-job agent its job: switch 'Allow agents in this pool to automatically update' off.`,
      );
    }
  }
  if (problems.length > 0) throw new UserError(problems.join('\n'));
  return found;
}

async function unknownPool(name: string, asking: Asking): Promise<string> {
  const { credentialName } = asking.azureDevOps.account;
  const { value } = await orScope(asking, 'read agent pools', () =>
    asking.azureDevOps.call<{ value: { name?: string; isHosted?: boolean }[] }>('GET', places.pools),
  );
  const names = value.value.filter(({ isHosted }) => !isHosted).map((pool) => `'${pool.name ?? ''}'`);
  const seen = names.length > 0 ? `only ${names.slice(0, 50).join(', ')}` : 'none of its own';
  return `AGENT_POOLS: ${credentialName} sees no pool '${name}', ${seen}: correct the name, or give it the scope ${scopes} and the role Administrator in that pool.`;
}

async function unfit(pool: Pool, asking: Asking): Promise<string | undefined> {
  if (pool.isHosted)
    return `AGENT_POOLS: '${pool.name}' is run by Microsoft and takes no agents of ours: name another.`;
  try {
    await orScope(asking, `manage pool '${pool.name}'`, () => tryToManage(pool, asking));
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return undefined;
}

/** Changes an agent that cannot be there: who may manage the pool is told so, and nothing is changed. */
async function tryToManage(pool: Pool, { azureDevOps }: Asking): Promise<void> {
  try {
    await azureDevOps.call('PATCH', places.agents, {
      route: { poolId: pool.id, agentId: noAgent },
      body: { id: noAgent, enabled: true },
      repeatable: true,
    });
  } catch (error) {
    if (!(error instanceof ApiError) || lacksRights(error) || error.status === 0 || error.status >= 500) throw error;
  }
}

/** A token that is wrong, or too small for the call, is told with the scope that it needs. */
async function orScope<T>({ azureDevOps }: Asking, what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ApiError) || !lacksRights(error)) throw error;
    const { url, credentialName } = azureDevOps.account;
    const said = error.refusal.reasons.join(' ').replace(/\.$/, '');
    throw new UserError(
      `${credentialName} may not ${what} of ${url} (${error.status}${said && `: ${said}`}): give it the scope ${scopes} and its owner the role Administrator in the pool, and see that it has not expired.`,
      { cause: error },
    );
  }
}

/** The service refuses a token with any of these: none, one without the scope, one without the right, or a sign-in page. */
function lacksRights({ status }: ApiError): boolean {
  return [203, 302, 401, 403].includes(status);
}
