import type { Agent, Endpoint } from '../../tasks/lib/agent';
import type { Account } from '../../tasks/lib/azureDevOps';
import { readConnection } from '../../tasks/lib/connection';
import { Secrets } from '../../tasks/lib/secrets';
import { Transport } from '../../tasks/lib/transport';
import { systemClock, type Clock, type World } from '../../tasks/lib/world';
import type { Endpoint as JobEndpoint } from '../agent/endpoints';

export interface JobStub {
  inputs?: Record<string, string>;
  variables?: Record<string, string>;
  endpoints?: JobEndpoint[];
  system?: { url: string; token: string };
  clock?: Clock;
}

/** Reads the connection of a step without a process: what it was told, and what it says. */
export function connectionOf(stub: JobStub): { account: Account; told: string[]; log: string[]; transport: Transport } {
  const told: string[] = [];
  const log: string[] = [];
  const world = worldOf(log, stub.clock);
  const transport = new Transport(world);
  const secrets = new Secrets((value) => told.push(value));
  const account = readConnection(agentOf(stub), secrets, { transport, clock: world.clock });
  return { account, told, log, transport };
}

export function worldOf(log: string[] = [], clock: Clock = systemClock): World {
  const write = (text: string) => void log.push(text);
  const group = (title: string, lines: string[]) => void log.push(title, ...lines);
  return {
    clock,
    log: { info: write, warning: write, error: write, debug: write, group },
    signal: new AbortController().signal,
  };
}

/** A clock that stands until it is moved; sleeping moves it. */
export function handClock(start = Date.now()): Clock & { move(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    move: (ms) => (now += ms),
    sleep: async (ms) => {
      now += ms;
    },
  };
}

function agentOf({ inputs = {}, variables = {}, endpoints = [], system }: JobStub): Agent {
  const named = new Map(Object.entries(variables).map(([name, value]) => [name.toLowerCase(), value]));
  const absent = () => {
    throw new Error('not needed to sign in');
  };
  return {
    input: (name) => inputs[name],
    variable: (name) => named.get(name.toLowerCase()),
    variables: absent,
    endpoint: (id) => endpoints.filter((one) => one.id === id).map(endpointOf)[0],
    systemEndpoint: () =>
      system &&
      endpointOf({
        ...system,
        id: 'SYSTEMVSSCONNECTION',
        name: '',
        scheme: 'OAuth',
        parameters: { AccessToken: system.token },
      }),
    network: () => ({}),
    setSecret: absent,
    setOutput: absent,
    setTaskVariable: absent,
    taskVariable: absent,
    attach: absent,
    uploadSummary: absent,
    setProgress: absent,
  };
}

function endpointOf({ id, url, scheme, parameters, data = {} }: JobEndpoint): Endpoint {
  const lookup = (values: Record<string, string>, name: string) =>
    Object.entries(values).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  return {
    id,
    url,
    scheme,
    parameter: (name) => lookup(parameters, name),
    data: (name) => lookup(data, name),
  };
}
