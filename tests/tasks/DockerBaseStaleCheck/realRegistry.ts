import { execFile, spawn } from 'node:child_process';
import { sign, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildImage, type ImageRecipe } from '../../../emulator/registry/images';
import { makeCertificate } from '../../signin/certificates';

export const READER = { name: 'reader', password: 'pass-of-the-reader' };
/** bcrypt of the password above: the registry knows no other form. */
const HTPASSWD = `${READER.name}:$2b$04$jzFSnDW0yDJj.lE1q7geRuPD7.RFSwX9vlfnvNPWc/Yl.u7Jvqfdi\n`;
const CONFIG = 'version: 0.1\nlog: { level: error }\nstorage: { inmemory: {} }\nhttp: { addr: 127.0.0.1:0 }\n';

/** Debian's docker-registry on this machine. */
export interface RealRegistry {
  host: string;
  /** Puts a hand-made image under a tag, as skopeo pushes an OCI layout. */
  push(name: string, recipe: ImageRecipe): Promise<void>;
  close(): Promise<void>;
}

/** Starts docker-registry on a free port: open to all, with Basic, or with tokens of a small server of our own. */
export async function startRealRegistry(auth: 'none' | 'basic' | 'token'): Promise<RealRegistry> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const tokens = auth === 'token' ? await startTokenServer(folder) : undefined;
  fs.writeFileSync(path.join(folder, 'config.yml'), CONFIG);
  fs.writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  const basic = {
    REGISTRY_AUTH: 'htpasswd',
    REGISTRY_AUTH_HTPASSWD_REALM: 'r, s',
    REGISTRY_AUTH_HTPASSWD_PATH: path.join(folder, 'htpasswd'),
  };
  const child = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {
    env: { ...process.env, REGISTRY_HTTP_ADDR: host, ...(auth === 'basic' && basic), ...tokens?.environment },
    stdio: 'ignore',
  });
  await untilItAnswers(host);
  return {
    host,
    push: (name, recipe) => push(folder, `${host}/${name}`, recipe),
    async close() {
      const closed = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await closed;
      await tokens?.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes an OCI layout and copies it with skopeo. */
async function push(folder: string, to: string, recipe: ImageRecipe): Promise<void> {
  const layout = fs.mkdtempSync(path.join(folder, 'layout-'));
  const blobs = path.join(layout, 'blobs', 'sha256');
  fs.mkdirSync(blobs, { recursive: true });
  const { digest, manifest, mediaType, blobs: content } = buildImage(recipe);
  for (const [name, text] of [...content, [digest, manifest] as const]) {
    fs.writeFileSync(path.join(blobs, name.replace('sha256:', '')), text);
  }
  fs.writeFileSync(path.join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const entry = { mediaType, digest, size: Buffer.byteLength(manifest) };
  fs.writeFileSync(path.join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await promisify(execFile)('skopeo', [
    ...['copy', '--insecure-policy', '--preserve-digests', '--dest-tls-verify=false'],
    ...['--dest-creds', `${READER.name}:${READER.password}`, `oci:${layout}`, `docker://${to}`],
  ]);
}

/** Gives tokens that the registry trusts, to the reader only. https://distribution.github.io/distribution/spec/auth/jwt/ */
async function startTokenServer(folder: string) {
  const { certificate, key } = makeCertificate({ name: 'tokens', isAuthority: true });
  const bundle = path.join(folder, 'tokens.pem');
  fs.writeFileSync(bundle, certificate);
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const der = certificate.replace(/-----[^-]+-----|\s/g, '');
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const expected = `Basic ${Buffer.from(`${READER.name}:${READER.password}`).toString('base64')}`;
    if (request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    const access = url.searchParams.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'tests', aud: 'registry', sub: READER.name, iat: now, nbf: now - 10, exp: now + 300 };
    const text = `${encoded({ alg: 'RS256', typ: 'JWT', x5c: [der] })}.${encoded({ ...claims, jti: randomUUID(), access })}`;
    const token = `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    response.end(JSON.stringify({ token, expires_in: 300 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    environment: {
      REGISTRY_AUTH: 'token',
      REGISTRY_AUTH_TOKEN_REALM: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
      REGISTRY_AUTH_TOKEN_SERVICE: 'registry',
      REGISTRY_AUTH_TOKEN_ISSUER: 'tests',
      REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE: bundle,
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function untilItAnswers(host: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      await fetch(`http://${host}/v2/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`docker-registry does not answer at ${host}.`);
}
