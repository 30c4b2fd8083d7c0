import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { formatLock, parseLock, type Lock } from '../../../../tasks/DockerBaseStaleCheck/lock/lockFile';
import { openPublishing } from '../../../../tasks/DockerBaseStaleCheck/lock/publishLocks';
import { systemClock } from '../../../../tasks/lib/world';
import { git, startGitServer, type GitServer } from '../../../git/server';
import { publishHost } from './publishHost';

const ROUNDS = 50;
const SHARED = 'shared/Dockerfile.lock.json';

/** A pipeline's part of a round: its own lock, and a package of its own in the lock that both keep. */
async function commitRound(server: GitServer, folder: string, pipeline: string, round: number): Promise<void> {
  await server.checkOut(folder);
  const own = `${pipeline}/Dockerfile.lock.json`;
  const write = (file: string, change: (lock: Lock) => Lock) => {
    const place = path.join(folder, file);
    const lock = fs.existsSync(place) ? parseLock(fs.readFileSync(place, 'utf8')) : { version: 1 as const, bases: [] };
    const text = formatLock(change(lock));
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(place, text);
    return { file: place, text };
  };
  const one = (name: string) => ({
    manager: 'pip' as const,
    name,
    version: '1.0',
    wanted: '',
    source: 'parsed' as const,
  });
  const locks = [
    write(own, (lock) => ({ ...lock, triggered: { runId: round + 1, digests: {} } })),
    write(SHARED, (lock) => ({ ...lock, packages: [...(lock.packages ?? []), one(`${pipeline}-${round}`)] })),
  ];
  const log = {
    info: () => undefined,
    warning: refuse,
    error: refuse,
    debug: () => undefined,
    group: () => undefined,
  };
  const world = { clock: systemClock, log, signal: new AbortController().signal };
  const host = publishHost({ url: server.url, folder, runNumber: `${pipeline}.${round}` });
  const { publish } = await openPublishing(
    { way: 'commit', searchFolder: folder, commit: { message: undefined, author: undefined } },
    host,
    world,
  );
  await publish(locks);
}

function refuse(text: string): never {
  throw new Error(text);
}

describe('Two pipelines that commit locks at once', () => {
  it(`lose nothing in ${ROUNDS} rounds`, async function () {
    this.timeout(240_000);
    const server = await startGitServer({ authorization: 'Bearer token-of-the-job' });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-rounds-'));
    let pushes = 0;
    server.beforePush = () => {
      pushes++;
      return Promise.resolve();
    };
    try {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(
          ['left', 'right'].map((pipeline) =>
            commitRound(server, path.join(folder, `${pipeline}-${round}`), pipeline, round),
          ),
        );
        fs.rmSync(folder, { recursive: true, force: true });
      }
      const messages = server.git('log', '--format=%s', 'main').split('\n').slice(0, -1);
      const expected = Array.from({ length: ROUNDS }, (_, round) =>
        ['left', 'right'].map((pipeline) => `Update image locks (run ${pipeline}.${round}) [skip ci]`),
      ).flat();
      assert.deepEqual(messages.toSorted(), expected.toSorted(), 'one commit for each run, each once');
      const shared = parseLock(server.file(SHARED) ?? '').packages ?? [];
      assert.equal(shared.length, 2 * ROUNDS, 'every package of every round is in the lock that both keep');
      for (const pipeline of ['left', 'right']) {
        assert.equal(parseLock(server.file(`${pipeline}/Dockerfile.lock.json`) ?? '').triggered?.runId, ROUNDS);
      }
      assert.ok(pushes > 2 * ROUNDS, `some were overtaken: ${pushes} pushes`);
      assert.equal(git(server.repository, 'fsck', '--strict', '--no-dangling'), '');
    } finally {
      await server.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
