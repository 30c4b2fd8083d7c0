import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Call } from '../../emulator/calls';
import { startEntra, type Entra, type EntraOptions } from '../../emulator/entra/server';
import type { FaultList } from '../../emulator/faults';
import { startRegistry, type RegistryEmulator, type RegistryEmulatorOptions } from '../../emulator/registry/server';
import { startEmulator, type Emulator, type EmulatorOptions } from '../../emulator/server';
import { REQUEST_ID } from './bundleProcess';
import { VirtualTime } from './virtualTime';

export const PROJECT = 'Fabrikam';

/** A server that is none of the organization's, and what was said to it. */
export interface Stranger {
  url: string;
  heard: string[];
}

/** Everything outside of a step: an organization and whatever else a scenario needs, all in one virtual time. */
export interface World {
  time: VirtualTime;
  emulator: Emulator;
  stranger: Stranger;
  /** A further organization, a registry, a login: requests to them count like those to the organization. */
  organization(options: EmulatorOptions): Promise<Emulator>;
  registry(options?: RegistryEmulatorOptions): Promise<RegistryEmulator>;
  login(options: EntraOptions): Promise<Entra>;
  /** Called for each request that arrives, in order of arrival from 1, before it takes effect; what it gives is what becomes of it. */
  onArrival: (call: Call, number: number) => ReturnType<FaultList['take']>;
  /** What is to be done when the world ends. */
  closing(action: () => void): void;
  close(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const time = new VirtualTime();
  const clock = { now: () => time.now };
  const pause = (ms: number) => time.pause(ms);
  const closing: { close(): Promise<unknown> }[] = [];
  let arrived = 0;
  const watch = <T extends { faults: FaultList; close(): Promise<unknown> }>(server: T): T => {
    closing.push(server);
    server.faults.take = (call) => world.onArrival(call, ++arrived);
    return server;
  };
  const organization = async (options: EmulatorOptions) => watch(await startEmulator({ clock, pause, ...options }));
  const stranger = await startStranger();
  const emulator = await organization({});
  emulator.state.addProject(PROJECT);
  const world: World = {
    ...{ time, emulator, stranger, organization },
    registry: async (options) => watch(await startRegistry({ pause, ...options })),
    login: async (options) => watch(await startEntra({ clock, pause, ...options })),
    onArrival: () => undefined,
    closing: (action) => void closing.push({ close: async () => action() }),
    close: async () => {
      await Promise.all([...closing, stranger].map((one) => one.close()));
    },
  };
  return world;
}

/** Tells the time that the answer to a request takes time of its own, or never comes. */
export function holdRequest(world: World, call: Call): void {
  world.time.hold(call.headers[REQUEST_ID] ?? '');
}

export function isUnderWay(world: World, call: Call): boolean {
  return world.time.isOpen(call.headers[REQUEST_ID] ?? '');
}

async function startStranger(): Promise<Stranger & { close(): Promise<void> }> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.headers)}`);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"value":[],"id":666,"status":"completed","result":"succeeded","token":"stranger"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
