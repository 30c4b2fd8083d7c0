import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { zipSync, strToU8 } from 'fflate';
import { hasFrom, readDockerfile } from '../../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';
import {
  formatLock,
  lockedDigests,
  parseLock,
  settle,
  withBases,
} from '../../tasks/DockerBaseStaleCheck/lock/lockFile';
import { unzip } from '../../tasks/lib/unzip';
import { readChildOutputs } from '../../tasks/lib/runs/childOutputs';
import { bounded } from './bounded';
import { randomOf } from './random';
import { misshapen } from './shapes';
import { kept, piecesOf } from './texts';

const DOCKERFILE = piecesOf(
  `FROM |AS |a|scratch|ARG V=1|ENV A=$V|RUN |COPY --from=|--platform=$X |ONBUILD |<<EOF|EOF|\n|\n|\\\n|\`\n|# escape=\`\n|# syntax=x\n|"|'|$|\${|}|:-|%%|//|*|[|]|{|\t|\r\n|\uFEFF|\u0000|😀|@sha256:|HEALTHCHECK --interval=|SHELL ["|--mount=type=bind,from=`.split(
    '|',
  ),
);

describe('Any file', function () {
  this.timeout(120_000);

  it('that is called a Dockerfile is read or refused with a reason', () =>
    fc.assert(
      fc.asyncProperty(DOCKERFILE, async (text) => {
        const read = await bounded(() => readDockerfile(text, { buildArguments: new Map([['X', '$V']]) }));
        hasFrom(text);
        if (read?.kind === 'invalid') assert.notEqual(read.reason, '');
      }),
      kept(20261151, 5000),
    ));

  it('that is called a lock is one that can be worked with, or none', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const digests = { 'docker.io/library/a:1': { digest, platforms: { 'linux/amd64': digest } } };
    const lock = {
      version: 1,
      bases: [{ reference: 'docker.io/library/a:1', role: 'base', digest, platforms: { 'linux/amd64': digest } }],
      packages: [{ manager: 'pip', name: 'x', version: '1' }],
      built: { runId: 1, runNumber: '1', commit: 'c', digests },
      triggered: { runId: 2, digests, failures: 1 },
    };
    for (let seed = 1; seed <= 3000; seed++) {
      const random = randomOf(seed);
      const text = JSON.stringify(misshapen(lock, random));
      const read = await bounded(
        () => parseLock(text),
        (error) => error instanceof Error && !(error instanceof TypeError),
      );
      if (!read) continue;
      const at = `seed ${seed}: ${text}`;
      for (const status of ['succeeded', 'failed', 'running', 'gone'] as const) {
        const settled = settle(read, { status, number: '1', commit: 'c' });
        assert.doesNotThrow(() => formatLock(settled.lock), at);
        assert.doesNotThrow(() => withBases(settled.lock, lock.bases), at);
      }
      assert.doesNotThrow(() => lockedDigests(read, 'docker.io/library/a:1'), at);
      assert.equal(formatLock(parseLock(formatLock(read))), formatLock(read), at);
    }
  });

  it('that is called an archive is unpacked into its folder or refused, and nothing lies outside of it', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-fuzz-'));
    try {
      const good = zipSync({
        'drop/a.txt': strToU8('hello '.repeat(50)),
        'drop/b/c.txt': strToU8('x'),
        'drop/e/': new Uint8Array(),
      });
      for (let seed = 1; seed <= 400; seed++) {
        const random = randomOf(seed);
        const bytes = Buffer.from(good);
        for (let change = random.below(5); change >= 0; change--) {
          const at = random.below(bytes.length);
          if (random.below(3)) bytes[at] = random.below(256);
          else bytes.write(random.pick(['../', '/', 'C:', '\\', '\0', '..']), at, 'latin1');
        }
        const cut = random.below(6) === 0 ? random.below(bytes.length) : bytes.length;
        const zip = path.join(folder, 'a.zip');
        const inside = path.join(folder, 'in');
        fs.writeFileSync(zip, bytes.subarray(0, cut));
        await bounded(() => unzip(zip, { folder: inside, strip: 'drop', name: 'drop' }));
        assert.deepEqual(
          fs.readdirSync(folder).filter((name) => name !== 'a.zip' && name !== 'in'),
          [],
          `seed ${seed}`,
        );
        fs.rmSync(inside, { recursive: true, force: true });
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  it('that is called outputs gives variables or a sentence that names it', () =>
    fc.assert(
      fc.asyncProperty(
        piecesOf('{|}|"|a|:|,|[|]|null|1e999|value|isSecret|true|=|\n|#|__proto__|\uFEFF|\\u0000|\r'.split('|')),
        fc.constantFrom('json' as const, 'env' as const),
        async (text, kind) => {
          for (const { name } of (await bounded(() => readChildOutputs(text, kind, 'outputs'))) ?? [])
            assert.match(name, /^[A-Za-z_]\w*$/);
        },
      ),
      kept(20261152, 4000),
    ));
});
