import assert from 'node:assert/strict';
import { agentName, placeholderName, placeholderProfile, purposeOf } from '../../agents/plan/names';

describe('names', () => {
  const space = (name: string) => ({ prefix: 'agent-job-', pool: { id: 1, name } });
  const wild = ['build', 'Build', 'Linux & GPU', 'Ünïcödé', '---', 'a'.repeat(80), 'pool-1', 'pool', 'pool-idle'];

  it('says prefix, pool and request', () => {
    assert.equal(agentName(space('build'), { requestId: 890659, attempt: 1 }), 'agent-job-build-890659');
    assert.equal(agentName(space('build'), { requestId: 890659, attempt: 3 }), 'agent-job-build-890659r3');
    assert.equal(agentName(space('build'), { idle: 2 }), 'agent-job-build-idle2');
  });

  for (const pool of wild) {
    it(`can be given to a Job, and read back, for the pool '${pool}'`, () => {
      for (const purpose of [{ requestId: 2147483647, attempt: 99 }, { requestId: 1, attempt: 1 }, { idle: 12345 }]) {
        const name = agentName(space(pool), purpose);
        assert.match(name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
        assert.deepEqual(purposeOf(space(pool), name), purpose);
      }
    });
  }

  it('are different in any two pools', () => {
    const names = wild.flatMap((pool) => [
      agentName(space(pool), { requestId: 3, attempt: 1 }),
      agentName(space(pool), { idle: 3 }),
    ]);
    assert.equal(new Set(names).size, names.length);
  });

  it('are known again when the template names the agent after its pod', () => {
    assert.deepEqual(purposeOf(space('build'), 'agent-job-build-12-x7k2p'), { requestId: 12, attempt: 1 });
  });

  it('of others are not ours', () => {
    for (const name of [
      'agent-job-build',
      'agent-job-build-',
      'agent-job-build-x',
      'my-agent-job-build-1',
      'agent-job-builder-1',
    ]) {
      assert.equal(purposeOf(space('build'), name), undefined, name);
    }
    assert.equal(purposeOf(space('build'), placeholderName(space('build'), 'gpu')), undefined);
    assert.equal(placeholderProfile(space('build'), placeholderName(space('build'), 'gpu')), 'gpu');
  });
});
