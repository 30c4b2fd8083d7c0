import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { apiClients } from '../../agents/kubernetes/apiClients';

describe('the clients of the API server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'api-server-'));
  let server: Server;
  let config: KubeConfig;
  let connections = 0;
  let answer: RequestListener;

  before(async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ];
    execFileSync('openssl', args, { stdio: 'ignore' });
    server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (...each) => answer(...each));
    server.on('secureConnection', () => (connections += 1));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: `https://127.0.0.1:${address.port}`, caFile: cert, skipTLSVerify: false },
      { name: 'user', token: 'secret' },
    );
  });
  beforeEach(() => {
    connections = 0;
    answer = (request, response) => {
      assert.equal(request.headers.authorization, 'Bearer secret');
      response.setHeader('content-type', 'application/json').end('{"items":[]}');
    };
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it('use one connection for one request after the other, whatever they ask', async () => {
    const { batch, core } = apiClients(config);
    for (let i = 0; i < 10; i++) {
      await batch.listNamespacedJob({ namespace: 'agents' });
      await core.listNamespacedPod({ namespace: 'agents' });
    }
    assert.equal(connections, 1);
  });

  it('take a new connection when the certificates of the cluster have changed', async () => {
    const { batch } = apiClients(config);
    await batch.listNamespacedJob({ namespace: 'agents' });
    const [cluster] = config.clusters;
    assert.ok(cluster?.caFile);
    const both = readFileSync(cluster.caFile, 'utf8').repeat(2);
    config.clusters = [{ ...cluster, caData: Buffer.from(both).toString('base64'), caFile: '' }];
    await batch.listNamespacedJob({ namespace: 'agents' });
    config.clusters = [cluster];
    assert.equal(connections, 2);
  });

  it('end a request that is not answered, and name the server', async () => {
    answer = () => undefined;
    const { batch } = apiClients(config, 200);
    await assert.rejects(
      batch.listNamespacedJob({ namespace: 'agents' }),
      /^Error: The API server https:\/\/127\.0\.0\.1:\d+ did not answer: nothing came within 0\.2 s$/,
    );
  });

  it('say why there is no connection, and give what the server refuses as it is', async () => {
    answer = (_request, response) => {
      response.statusCode = 403;
      response.setHeader('content-type', 'application/json').end('{"message":"jobs is forbidden"}');
    };
    const { batch } = apiClients(config);
    await assert.rejects(batch.listNamespacedJob({ namespace: 'agents' }), { code: 403 });
    answer = (request) => request.socket.destroy();
    await assert.rejects(batch.listNamespacedJob({ namespace: 'agents' }), /did not answer: .*(hang up|ECONNRESET)/);
  });
});
