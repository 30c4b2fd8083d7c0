import assert from 'node:assert/strict';
import type { Release } from '../../emulator/state/releases';
import { registerInRelease, startRun } from './cascadeScene';
import { useTabPage } from './tabPage';

describe('The tab of a release in Chromium', function () {
  this.timeout(60_000);
  const tabPage = useTabPage();

  /** A release whose only stage started a release that fails, one that goes on, one that waits, and a run. */
  function releaseScene(): { parent: Release; failing: Release; going: Release } {
    const { emulator } = tabPage;
    const { releaseArea } = emulator.state;
    emulator.state.addProject('Fabrikam');
    const create = (name: string, script: object, more: object = {}): Release =>
      releaseArea.create(
        releaseArea.addDefinition({ name, stages: [{ name: 'Dev', ...more }, { name: 'Live' }], script }),
      );
    const parent = create('Deploy', { durationMs: 900_000 });
    const issues = [{ type: 'error', message: 'no such machine' }];
    const failing = create('api', { durationMs: 500, environments: { Live: { result: 'failed', issues } } });
    const going = create('web', { durationMs: 600_000, cancelTakesMs: 0 });
    const waiting = create('shop', {}, { preApprovers: ['Kim Lee'] });
    const run = startRun(emulator, 'smoke-test', { durationMs: 500 });
    registerInRelease(emulator, { release: parent, stage: 'Dev' }, [failing, going, waiting, run]);
    return { parent, failing, going };
  }

  it('shows runs and releases that its stages started, and follows them', async () => {
    const { parent } = releaseScene();
    const tab = await tabPage.show(parent.id, { kind: 'release' });
    await tab.getByRole('row', { name: /api Release-1 failed .*no such machine/ }).waitFor({ timeout: 30_000 });
    await tab.getByRole('row', { name: /web Release-1 running/ }).waitFor();
    await tab
      .getByRole('row', { name: /shop Release-1 waiting .*Stage Dev waits for approval by Kim Lee\./ })
      .waitFor();
    await tab.getByRole('row', { name: /smoke-test .* succeeded/ }).waitFor();
    assert.ok(tabPage.emulator.calls.some(({ host, path }) => host === 'release' && path.includes('/attachments/')));
  });

  it('deploys the failed stages of a release again and cancels one that is being deployed', async () => {
    const { parent, failing, going } = releaseScene();
    const tab = await tabPage.show(parent.id, { kind: 'release' });
    await tab.getByRole('row', { name: /api Release-1 failed/ }).click({ timeout: 30_000 });
    await tab.getByRole('cell', { name: 'failed' }).waitFor();
    await tab.getByRole('button', { name: 'Rerun failed stages' }).click();
    await tab.getByText('Its failed stages run again.').waitFor();
    await tab.getByRole('row', { name: /Live failed 2/ }).waitFor({ timeout: 30_000 });
    await tab.getByRole('row', { name: /web Release-1/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByRole('row', { name: /web Release-1 canceled .*Stage Dev was canceled\./ }).waitFor();
    const patches = tabPage.emulator.calls.filter(({ method }) => method === 'PATCH');
    assert.deepEqual(
      patches.map(({ path, body }) => [path.split('/releases/')[1]?.split('?')[0], body]),
      [
        [`${failing.id}/environments/${failing.environments[1]!.id}`, { status: 'inProgress' }],
        [`${going.id}/environments/${going.environments[0]!.id}`, { status: 'canceled' }],
      ],
    );
  });

  it('explains a refusal to the viewer', async () => {
    tabPage.emulator.tokens.push({ token: 'reader', denied: ['manageDeployments'] });
    await tabPage.viewAs('reader');
    const { parent } = releaseScene();
    const tab = await tabPage.show(parent.id, { kind: 'release' });
    await tab.getByRole('row', { name: /web Release-1/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByText(/web Release-1 was not canceled: you need the permission 'Manage deployments'/).waitFor();
    await tab.getByText(/The service says: VS402904/).waitFor();
  });

  it('has what earlier attempts of a stage started as well', async () => {
    const { emulator } = tabPage;
    emulator.state.addProject('Fabrikam');
    const { releaseArea } = emulator.state;
    const script = { durationMs: 300, result: 'failed' };
    const parent = releaseArea.create(releaseArea.addDefinition({ name: 'Deploy', stages: [{ name: 'Dev' }], script }));
    registerInRelease(emulator, { release: parent, stage: 'Dev' }, [startRun(emulator, 'first', { durationMs: 100 })]);
    await tabPage.page.waitForTimeout(500);
    releaseArea.deploy(parent, parent.environments[0]!);
    registerInRelease(emulator, { release: parent, stage: 'Dev' }, [startRun(emulator, 'second', { durationMs: 100 })]);
    const tab = await tabPage.show(parent.id, { kind: 'release' });
    await tab.getByRole('row', { name: /first/ }).waitFor();
    await tab.getByRole('row', { name: /second/ }).waitFor();
  });

  it('goes on when a stage is deployed by hand after all had ended, because the page tells', async () => {
    const { emulator, page } = tabPage;
    emulator.state.addProject('Fabrikam');
    const { releaseArea } = emulator.state;
    const definition = releaseArea.addDefinition({
      name: 'Deploy',
      stages: [{ name: 'Dev' }],
      script: { durationMs: 100 },
    });
    const parent = releaseArea.create(definition);
    const tab = await tabPage.show(parent.id, { kind: 'release' });
    await tab.getByText('No step of this release has started').waitFor();
    await page.waitForTimeout(6000);
    releaseArea.deploy(parent, parent.environments[0]!);
    registerInRelease(emulator, { release: parent, stage: 'Dev' }, [startRun(emulator, 'late', { durationMs: 100 })]);
    await page.evaluate('tellChanged()');
    await tab.getByRole('row', { name: /late .* succeeded/ }).waitFor();
  });
});
