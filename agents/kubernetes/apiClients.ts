import { Agent } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig, RequestContext, ResponseContext } from '@kubernetes/client-node';
import {
  BatchV1Api,
  CoordinationV1Api,
  CoreV1Api,
  createConfiguration,
  Observable,
  ServerConfiguration,
} from '@kubernetes/client-node';

/** Shorter than what a load balancer in between lets an idle connection live. */
const idleConnectionMs = 20_000;

export interface ApiClients {
  batch: BatchV1Api;
  core: CoreV1Api;
  leases: CoordinationV1Api;
}

/**
 * The client's own API classes on connections that are used again: by itself it makes one for every request, and its handshake costs more
 * than the request. Every request is bounded; one that gets no answer throws an error that names the server.
 */
export function apiClients(kubeConfig: KubeConfig, longestRequestMs = 30_000): ApiClients {
  const server = kubeConfig.getCurrentCluster()?.server ?? '';
  const { httpApi } = createConfiguration();
  const reused = new ReusedConnections();
  const send = async (request: RequestContext): Promise<ResponseContext> => {
    const agent = request.getAgent();
    if (agent instanceof Agent) request.setAgent(reused.of(agent));
    const late = AbortSignal.timeout(longestRequestMs);
    request.setSignal(late);
    try {
      return await httpApi.send(request).toPromise();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const text = late.aborted ? `nothing came within ${longestRequestMs / 1000} s` : why;
      throw new Error(`The API server ${server} did not answer: ${text}`, { cause: error });
    }
  };
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: kubeConfig },
    httpApi: { send: (request) => new Observable(send(request)) },
  });
  return {
    batch: new BatchV1Api(configuration),
    core: new CoreV1Api(configuration),
    leases: new CoordinationV1Api(configuration),
  };
}

/** One agent for as long as the client asks for the same certificates; those of a cluster are exchanged under a running process. */
class ReusedConnections {
  private kept: { agent: Agent; options: object } | undefined;

  of(fresh: Agent): Agent {
    // By way of a proxy the client brings agents of its own kind.
    if (fresh.constructor !== Agent) return fresh;
    const { options } = fresh;
    if (this.kept === undefined || !isDeepStrictEqual(this.kept.options, options)) {
      this.kept = { agent: new Agent({ ...options, keepAlive: true, timeout: idleConnectionMs }), options };
    }
    return this.kept.agent;
  }
}
