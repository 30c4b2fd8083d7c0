import { createPublicKey } from 'node:crypto';
import { isSignedBy, readJwt } from '../jwt';
import type { EmulatorState } from './EmulatorState';
import { guidOf } from './ids';
import { endJob, jobOf, takeJob, type PoolJob } from './poolJobs';
import type { Agent, Pool } from './pools';
import { Refusal } from './refusal';

/** An agent that is signed in and asks for jobs. */
export interface AgentSession {
  id: string;
  pool: Pool;
  agent: Agent;
}

/** What the login of agents gives, and until when. */
export interface AgentToken {
  token: string;
  agent: Agent;
  expiresAt: number;
}

const LIFETIME_MS = 50 * 60_000;

/**
 * The token of an agent that proves by its signature that it has the key it was registered with: what is signed names the agent's client
 * id and, as its audience, the address that its registration was told.
 */
export function signInAgent(state: EmulatorState, assertion: string, audience: string): AgentToken {
  const claims = readJwt(assertion)?.claims;
  const agent = state.pools.flatMap(({ agents }) => agents).find(({ clientId }) => clientId === claims?.sub);
  if (!agent?.publicKey || !claims) throw refused('invalid_client', 'the agent is not registered');
  const { modulus, exponent } = agent.publicKey;
  const url = (base64: string): string => Buffer.from(base64, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'RSA', n: url(modulus), e: url(exponent) }, format: 'jwk' });
  if (!isSignedBy(assertion, key)) throw refused('invalid_client', 'the signature is not that of the registered key');
  if (claims.aud !== audience) throw refused('invalid_client', 'the assertion is for somebody else');
  if (Number(claims.exp) * 1000 <= state.now) throw refused('invalid_client', 'the assertion has expired');
  const token = { token: guidOf(assertion), agent, expiresAt: state.now + LIFETIME_MS };
  state.agentTokens.push(token);
  return token;
}

/** Signs an agent in; refused while it is signed in already. From now on it is online. */
export function openSession(state: EmulatorState, pool: Pool, agent: Agent): AgentSession {
  if (state.agentSessions.some((session) => session.agent === agent)) {
    throw new Refusal(
      409,
      'TaskAgentSessionConflictException',
      `The agent ${agent.name} already has an active session for owner ${agent.name}.`,
    );
  }
  state.sessionsMade += 1;
  const session = { id: guidOf(`session/${pool.id}/${agent.id}/${state.sessionsMade}`), pool, agent };
  state.agentSessions.push(session);
  agent.status = 'online';
  return session;
}

/** The job that the agent of a session gets, when there is one for it. */
export function nextJob(state: EmulatorState, { pool, agent }: AgentSession): PoolJob | undefined {
  return takeJob(state, pool.name, agent.name);
}

/** The agent tells how its job ended. */
export function finishJob(state: EmulatorState, job: PoolJob, result: string): void {
  endJob(state, job, result);
}

/** Signs an agent off. A job that it leaves behind is abandoned. */
export function closeSession(state: EmulatorState, session: AgentSession): void {
  state.agentSessions.splice(state.agentSessions.indexOf(session), 1);
  session.agent.status = 'offline';
  const job = jobOf(session.pool, session.agent);
  if (job) endJob(state, job, 'abandoned');
}

export function sessionOf(state: EmulatorState, id: string): AgentSession {
  const session = state.agentSessions.find((candidate) => candidate.id === id);
  if (!session)
    throw new Refusal(404, 'TaskAgentSessionExpiredException', `The session ${id} does not exist or has expired.`);
  return session;
}

function refused(error: string, why: string): Refusal {
  return new Refusal(400, 'InvalidClientException', `${error}: ${why}.`);
}
