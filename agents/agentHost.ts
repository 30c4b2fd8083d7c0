import type { Config } from './config';
import type { JobRequest } from './plan/jobRequest';
import type { Purpose } from './plan/names';
import type { HostRoom, Reason } from './plan/plan';
import type { Problem, Workload } from './plan/workload';
import type { ProfileSettings } from './profiles';

/** An agent that is to be made. */
export interface AgentSpec {
  /** Of the agent, its Job or group, and its Secret. */
  name: string;
  purpose: Purpose;
  pool: { id: number; name: string };
  orgUrl: string;
  profile: ProfileSettings;
  request?: JobRequest;
}

/**
 * What the container gets beside its Job, by name: the three files of a registration made for it (`agent`, `credentials`,
 * `credentials_rsaparams`: the agent's own names without the leading dot, which not every kind of volume takes), or `AZP_TOKEN`.
 * Secret, all of it.
 */
export type Registration = Readonly<Record<string, string>>;

/** How the agent signs in: with a key pair registered for it, or by `config.sh` with a token. */
export type RegistrationWay = Exclude<Config['registration'], 'auto'>;

/** `duplicate`: it is there already, whoever made it: nothing is left to do. */
export type Started = 'started' | 'duplicate' | Problem;

/** A place where agents are made: a namespace, or a resource group. */
export interface AgentHost {
  room(now: number): HostRoom;
  /** Every workload of this orchestrator's making, all pools; those that this process made are never missing. */
  workloads(): Promise<Workload[]>;
  /** `register` is called once it is sure that the agent is to be made by this call, and not before. */
  start(spec: AgentSpec, register: () => Promise<Registration>): Promise<Started>;
  /** Brings a start to its end that was cut before the registration reached the container. */
  finishStart(workload: Workload, register: () => Promise<Registration>): Promise<void>;
  /** Deletes a workload, if it is of this orchestrator's making. */
  remove(name: string, options: { onlyPending: boolean }): Promise<'deleted' | 'started'>;
  /** Says where people of this host look why a job waits; `about` is a workload, a request or the pool. */
  tell(about: string, reason: Reason, text: string): Promise<void>;
  stop(): Promise<void>;
}
