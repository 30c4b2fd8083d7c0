import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { root } from './thePackage';

interface Advisory {
  id: number;
  url: string;
  title: string;
  severity: string;
  vulnerable_versions: string;
}

describe('The audit of what is shipped', function () {
  this.timeout(60_000);
  let asked: string[] = [];
  let advisories: Record<string, Advisory[]> | undefined;
  let server: http.Server;
  let registry: string;
  let cache: string;

  before(async () => {
    server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (!advisories || !request.url?.endsWith('/advisories/bulk')) return response.writeHead(405).end();
        asked = Object.keys(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as object);
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(advisories));
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  beforeEach(() => {
    cache = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-audit-'));
    asked = [];
  });
  afterEach(() => fs.rmSync(cache, { recursive: true }));
  after(() => server.close());

  async function audit(): Promise<{ code: number | null; said: string }> {
    const child = spawn(process.execPath, ['scripts/audit.mjs'], {
      cwd: root,
      env: { ...process.env, npm_config_registry: registry, npm_config_cache: cache, npm_config_fetch_retries: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, said };
  }

  function advisory(severity: string): Advisory {
    return { id: 1, url: 'https://example.com/1', title: 'a hole', severity, vulnerable_versions: '*' };
  }

  it('passes where the registry knows nothing bad, and asks for what is shipped and not for tools', async () => {
    advisories = {};
    assert.deepEqual(await audit(), { code: 0, said: 'no known vulnerability\n' });
    assert.ok(asked.includes('yaml') && !asked.includes('mocha'), asked.join());
  });

  it('fails for a serious one, and says how to mend it', async () => {
    advisories = { yaml: [advisory('critical')] };
    const { code, said } = await audit();
    assert.equal(code, 1);
    assert.match(said, /^1 critical\n`npm audit --omit=dev` names them/);
  });

  it('counts lesser ones and goes on', async () => {
    advisories = { yaml: [advisory('low')] };
    assert.deepEqual(await audit(), { code: 0, said: '1 low\n' });
  });

  it('does not pass for done where the registry has no such answers', async () => {
    advisories = undefined;
    assert.deepEqual(await audit(), {
      code: 2,
      said: 'the registry answers no questions about known vulnerabilities\n',
    });
  });
});
