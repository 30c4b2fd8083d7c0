import assert from 'node:assert/strict';
import { together } from '../together';
import { closeOrganizations, logOf, startOrganization } from './organization';

const LINES = 30;

describe('TriggerPipeline: the logs of its children', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('progress: logs prints every line of 20 children once, none mixed, each log fetched once', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({
      script: ({ runId }) => ({
        durationMs: 100 + (runId % 5) * 300,
        log: Array.from(
          { length: LINES },
          (_, line) => `run ${runId} line ${line} ##vso[task.complete result=Failed]x`,
        ),
      }),
    });
    const runs = Array.from({ length: 20 }, (_, at) => `- { name: i${at} }`).join('\n');
    const step = await fabrikam.run({ runs, progress: 'logs', pollingInterval: '1' });
    assert.equal(step.result, 'Succeeded', step.message);
    const printed = step.log.flatMap((line) => {
      const [, run, number] = /run (\d+) line (\d+)/.exec(line) ?? [];
      return run === undefined ? [] : [`${run}/${number ?? ''}`];
    });
    const wanted = fabrikam.runs.flatMap(({ id }) => Array.from({ length: LINES }, (_, line) => `${id}/${line}`));
    assert.deepEqual(printed.toSorted(), wanted.toSorted());
    const changes = printed.filter((text, at) => text.split('/')[0] !== printed[at - 1]?.split('/')[0]);
    assert.equal(changes.length, 20, 'the lines of one log stand together');
    const fetched = fabrikam.calls('GET', 'logs').map(({ path }) => path.split('?')[0]);
    assert.equal(new Set(fetched).size, fetched.length);
  });

  it('progress: jobs names the jobs, progress: none says nothing of a run that goes well', async () => {
    const fabrikam = await startOrganization();
    fabrikam.add({ stages: [{ name: 'Build', jobs: ['compile'] }], script: { durationMs: 200 } });
    assert.match(logOf(await fabrikam.run({ progress: 'jobs' })), /job Build > compile succeeded/);
    assert.doesNotMatch(logOf(await fabrikam.run({ progress: 'none' })), /stage Build|job Build/);
  });
});
