import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Group {
  location: string;
  tags: Record<string, string>;
  properties: {
    provisioningState?: string;
    containers: {
      name: string;
      properties: Record<string, unknown> & { environmentVariables?: Record<string, string>[] };
    }[];
    volumes?: { name: string; secret?: Record<string, string> }[];
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** As much of Azure Resource Manager as container groups need, over https with a certificate of its own. */
export class ResourceManager {
  readonly groups = new Map<string, Group>();
  readonly calls: { method: string; path: string; authorization: string | undefined }[] = [];
  /** Refuses the next creations with these. */
  readonly refusals: Answer[] = [];
  deleteStatus = 202;
  ca = '';
  endpoint = '';
  private close: () => void = () => undefined;

  async start(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'arm-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '2'];
    const files = ['-keyout', key, '-out', cert];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...files, ...subject],
      {
        stdio: 'ignore',
      },
    );
    this.ca = readFileSync(cert, 'utf8');
    const server = createServer(
      { key: readFileSync(key), cert: this.ca },
      (request, response) => void this.answer(request, response),
    );
    rmSync(folder, { recursive: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    this.endpoint = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    this.close = () => {
      server.close();
      server.closeAllConnections();
    };
  }

  stop(): void {
    this.close();
  }

  /** What the container of a group does. */
  report(name: string, currentState: Record<string, unknown>, events: Record<string, unknown>[] = []): void {
    const group = this.groups.get(name);
    const container = group?.properties.containers[0];
    if (!group || !container) throw new Error(`no group ${name}`);
    group.properties.provisioningState = 'Succeeded';
    container.properties.instanceView = { restartCount: 0, currentState, events };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/', headers } = request;
    const { pathname } = new URL(url, this.endpoint);
    this.calls.push({ method, path: pathname, authorization: headers.authorization });
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const [, name] =
      /^\/subscriptions\/sub\/resourceGroups\/agents\/providers\/Microsoft\.ContainerInstance\/containerGroups(?:\/([^/]+))?$/.exec(
        pathname,
      ) ?? [];
    const answer = name === undefined ? this.list() : this.one(method, name, text);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  /** As the true one, it leaves out how the containers do. */
  private list(): Answer {
    const value = [...this.groups].map(([name, group]) => {
      const containers = group.properties.containers.map((container) => {
        return { ...container, properties: { ...container.properties, instanceView: undefined } };
      });
      return shown(name, { ...group, properties: { ...group.properties, containers } });
    });
    return { status: 200, body: { value } };
  }

  private one(method: string, name: string, text: string): Answer {
    const group = this.groups.get(name);
    switch (method) {
      case 'PUT': {
        const refusal = this.refusals.shift();
        if (refusal) return refusal;
        const made = JSON.parse(text) as Group;
        made.properties.provisioningState = 'Pending';
        this.groups.set(name, made);
        return { status: 201, body: shown(name, made) };
      }
      case 'DELETE':
        this.groups.delete(name);
        return { status: group ? this.deleteStatus : 204 };
      default:
        if (group) return { status: 200, body: shown(name, group) };
        return {
          status: 404,
          body: { error: { code: 'ResourceNotFound', message: `The Resource '${name}' was not found.` } },
        };
    }
  }
}

/** What was put, without secrets: those are never given back. */
function shown(name: string, group: Group): unknown {
  const containers = group.properties.containers.map((container) => {
    const environmentVariables = container.properties.environmentVariables?.map(({ secureValue: _, ...rest }) => rest);
    return { ...container, properties: { ...container.properties, environmentVariables } };
  });
  const volumes = group.properties.volumes?.map((volume) => ({ ...volume, secret: {} }));
  return { id: `/…/${name}`, name, ...group, properties: { ...group.properties, containers, volumes } };
}
