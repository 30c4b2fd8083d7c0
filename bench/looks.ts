import { startInProcess } from '../tests/tasks/TriggerPipeline/inProcess';
import { closeOrganizations, fastTime, startOrganization } from '../tests/tasks/TriggerRelease/organization';
import type { Figure } from './figure';

const LASTS_MS = 600_000;
const RELEASES = 40;

/** What a look at many children costs, whatever is read of single ones beside it. */
export async function looks(): Promise<Figure[]> {
  return [await atRuns(100, 1), await atRuns(500, 2), await atReleases(), await beforeARelease()];
}

async function atRuns(children: number, most: number): Promise<Figure> {
  const fabrikam = await startInProcess();
  const { state, calls } = fabrikam.emulator;
  const pipeline = state.addPipeline({ name: 'rebuild', script: { durationMs: LASTS_MS } });
  const ids = Array.from({ length: children }, () => state.queue(pipeline).id);
  await fabrikam.run({ action: 'wait', runIds: ids.join(' '), progress: 'none' });
  const asked = calls.filter(({ path }) => path.includes('buildIds='));
  const turns = new Set(asked.map(({ at }) => at)).size;
  await fabrikam.close();
  return {
    name: `a look at ${children} runs: requests`,
    value: (asked.length / turns).toFixed(2),
    baseline: `${children}, one for each run`,
    limit: String(most),
    note: `${turns} looks in ${LASTS_MS / 60_000} minutes`,
  };
}

async function atReleases(): Promise<Figure> {
  const { clock, env } = fastTime(30);
  const fabrikam = await startOrganization({ clock });
  const definition = fabrikam.define({ stages: [{ name: 'Dev' }], script: { durationMs: 240_000 } });
  const { releaseArea } = fabrikam.emulator.state;
  const releases = Array.from({ length: RELEASES }, () => releaseArea.create(definition));
  await fabrikam.run({ action: 'wait', release: releases.map(({ id }) => id).join(', ') }, { env });
  const asked = fabrikam.emulator.calls.filter(({ path }) => path.includes('releaseIdFilter'));
  const most = Math.max(...asked.map(({ at }) => asked.filter((other) => Math.abs(other.at - at) < 500).length));
  await closeOrganizations();
  return {
    name: `a look at ${RELEASES} releases: requests`,
    value: String(most),
    baseline: `${RELEASES}, one for each release`,
    limit: '1',
    note: `${asked.length} looks`,
  };
}

async function beforeARelease(): Promise<Figure> {
  const fabrikam = await startOrganization();
  const [run] = fabrikam.build(2);
  const { id } = fabrikam.define({
    artifacts: { _api: 'api' },
    variables: { ring: { value: '1', allowOverride: true } },
  });
  const given = { artifacts: `_api: ${run?.number ?? ''}`, stages: 'Dev', variables: 'ring: 2' };
  await fabrikam.run({ definition: String(id), ...given, waitForCompletion: 'false' });
  const [creation] = fabrikam.creations();
  const before = fabrikam.emulator.calls.findIndex((call) => call === creation);
  await closeOrganizations();
  return {
    name: 'requests before creating a release, by id, with versions, stages and variables',
    value: String(before),
    baseline: '0 of a script that is given all ids',
    limit: '4',
  };
}
