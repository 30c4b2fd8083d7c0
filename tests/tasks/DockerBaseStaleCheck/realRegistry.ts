import { execFile, spawn } from 'node:child_process';
import { sign, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildImage, buildIndex, IMAGE_TYPE, INDEX_TYPE, type ImageRecipe } from '../../../emulator/registry/images';
import { makeCertificate, type Certified } from '../../signin/certificates';

export const READER = { name: 'reader', password: 'pass-of-the-reader' };
/** bcrypt of the password above: the registry knows no other form. */
const HTPASSWD = `${READER.name}:$2b$04$jzFSnDW0yDJj.lE1q7geRuPD7.RFSwX9vlfnvNPWc/Yl.u7Jvqfdi\n`;
const CONFIG = 'version: 0.1\nlog: { level: error }\nstorage: { inmemory: {} }\nhttp: { addr: 127.0.0.1:0 }\n';

/** Debian's docker-registry on this machine. */
export interface RealRegistry {
  host: string;
  /** Puts a hand-made image, or an index of several, under a tag, as skopeo pushes an OCI layout, and gives its digest. */
  push(name: string, recipes: ImageRecipe | ImageRecipe[], note?: string): Promise<string>;
  /** Ends it at once; `close` does too, and removes what it left. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Starts docker-registry on a free port: open to all, with Basic, or with tokens of a small server of our own; with TLS where it has a certificate. */
export async function startRealRegistry(
  auth: 'none' | 'basic' | 'token' = 'none',
  certified?: Certified,
): Promise<RealRegistry> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const tokens = auth === 'token' ? await startTokenServer(folder) : undefined;
  fs.writeFileSync(path.join(folder, 'config.yml'), CONFIG);
  fs.writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  const tls = {
    REGISTRY_HTTP_TLS_CERTIFICATE: path.join(folder, 'server.pem'),
    REGISTRY_HTTP_TLS_KEY: path.join(folder, 'server.key'),
  };
  if (certified) {
    fs.writeFileSync(tls.REGISTRY_HTTP_TLS_CERTIFICATE, certified.certificate);
    fs.writeFileSync(tls.REGISTRY_HTTP_TLS_KEY, certified.key);
  }
  const basic = {
    REGISTRY_AUTH: 'htpasswd',
    REGISTRY_AUTH_HTPASSWD_REALM: 'r, s',
    REGISTRY_AUTH_HTPASSWD_PATH: path.join(folder, 'htpasswd'),
  };
  const child = spawn('docker-registry', ['serve', path.join(folder, 'config.yml')], {
    env: {
      ...process.env,
      REGISTRY_HTTP_ADDR: host,
      ...(certified && tls),
      ...(auth === 'basic' && basic),
      ...tokens?.environment,
    },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await untilItListens(host);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    host,
    push: (name, recipes, note) => push(folder, `${host}/${name}`, { recipes, note }),
    stop,
    async close() {
      await stop();
      await tokens?.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes an OCI layout and copies it with skopeo. */
async function push(
  folder: string,
  to: string,
  { recipes, note }: { recipes: ImageRecipe | ImageRecipe[]; note: string | undefined },
): Promise<string> {
  const layout = fs.mkdtempSync(path.join(folder, 'layout-'));
  const blobs = path.join(layout, 'blobs', 'sha256');
  fs.mkdirSync(blobs, { recursive: true });
  const write = (digest: string, text: string) => {
    fs.writeFileSync(path.join(blobs, digest.replace('sha256:', '')), text);
  };
  const images = (Array.isArray(recipes) ? recipes : [recipes]).map(buildImage);
  const index = Array.isArray(recipes) ? buildIndex(images, note) : undefined;
  for (const { digest, manifest, blobs: content } of index?.all ?? images) {
    for (const [name, text] of [...content, [digest, manifest] as const]) write(name, text);
  }
  if (index) write(index.digest, index.manifest);
  const { digest = '', manifest = '' } = index ?? images[0] ?? {};
  const entry = { mediaType: index ? INDEX_TYPE : IMAGE_TYPE, digest, size: Buffer.byteLength(manifest) };
  fs.writeFileSync(path.join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  fs.writeFileSync(path.join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await promisify(execFile)('skopeo', [
    ...['copy', '--all', '--insecure-policy', '--preserve-digests', '--dest-tls-verify=false'],
    ...['--dest-creds', `${READER.name}:${READER.password}`, `oci:${layout}`, `docker://${to}`],
  ]);
  return digest;
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

async function untilItListens(host: string): Promise<void> {
  const port = Number(host.split(':')[1]);
  for (let tries = 0; tries < 200; tries++) {
    const listens = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (listens) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`docker-registry does not answer at ${host}.`);
}
