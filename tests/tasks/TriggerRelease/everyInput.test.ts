import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { releaseVariables } from '../../agent/systemVariables';
import { taskFolder } from '../taskFolder';
import { together } from '../together';
import { inputTable, type InputCase } from './inputTable';
import { closeOrganizations, fastTime, PROJECT, proper, startOrganization, type StepOptions } from './organization';

/** What `connections.test.ts` shows in both hosts. */
const CONNECTIONS = ['azureDevOpsServiceConnection', 'reposConnection', 'azureConnection', 'organization'];

async function stage({ scene, before, speed }: Pick<InputCase, 'scene' | 'before' | 'speed'>, host: string) {
  const time = speed === undefined ? undefined : fastTime(speed);
  const fabrikam = await startOrganization(time ? { clock: time.clock } : {});
  fabrikam.emulator.state.addPipeline({ name: 'api', script: { durationMs: 0 } });
  fabrikam.define(scene);
  before?.(fabrikam);
  const { url, releaseUrl, token } = fabrikam.emulator;
  const options: StepOptions = {
    ...(time && { env: time.env }),
    ...(host === 'release' && {
      variables: releaseVariables({ collectionUri: url, project: PROJECT }),
      systemConnection: { url: releaseUrl, token },
    }),
  };
  return { fabrikam, options };
}

describe('TriggerRelease: every input', function () {
  this.timeout(60_000);
  const it = together();
  after(closeOrganizations);

  it('is in the table, or among the connections', async () => {
    const file = path.join(await taskFolder('TriggerRelease'), 'task.json');
    const { inputs } = JSON.parse(fs.readFileSync(file, 'utf8')) as { inputs: { name: string }[] };
    assert.deepEqual([...Object.keys(inputTable), ...CONNECTIONS].sort(), inputs.map(({ name }) => name).sort());
  });

  for (const host of ['build', 'release']) {
    for (const [name, one] of Object.entries(inputTable)) {
      it(`${name}, in a ${host}: ${one.says}`, async () => {
        const { fabrikam, options } = await stage(one, host);
        const running = await fabrikam.start(one.inputs, options);
        await one.meanwhile?.(fabrikam);
        const step = proper(await (one.meanwhile ? running.cancel() : running.finished));
        one.expect(step, fabrikam);
      });

      it(`${name}, misused in a ${host}: one sentence, and nothing is created`, async () => {
        const { fabrikam, options } = await stage({ ...one, speed: undefined }, host);
        const [inputs, message] = one.misuse;
        const releases = fabrikam.releases.length;
        const step = await fabrikam.run(inputs, options);
        assert.equal(step.result, 'Failed');
        assert.match(step.message ?? '', message);
        assert.doesNotMatch(step.message ?? '', /defect of the task/);
        assert.equal(fabrikam.releases.length, releases);
      });
    }
  }
});
