import assert from 'node:assert/strict';
import { imagesScene, register, startRun } from './cascadeScene';
import { useTabPage } from './tabPage';

describe('The tab of a run in Chromium', function () {
  this.timeout(60_000);
  const tabPage = useTabPage();

  it('shows children and grandchildren, and follows them while they run', async () => {
    const { parent } = imagesScene(tabPage.emulator);
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /scan-image/ }).waitFor();
    await tab.getByRole('row', { name: /base-image .* succeeded/ }).waitFor({ timeout: 30_000 });
    await tab
      .getByRole('row', { name: /publish-image .* waiting .* Stage Test waits for approval by Kim Lee\./ })
      .waitFor();
    assert.equal(await tab.getByRole('row', { name: /scan-image/ }).getAttribute('aria-level'), '2');
  });

  it('has bars for stages on one axis, the names of parameters, attempts, reasons and a link', async () => {
    const { parent, failed } = imagesScene(tabPage.emulator);
    const tab = await tabPage.show(parent.id);
    const row = tab.getByRole('row', { name: /r-image .* failed .* r-base: package libicu72 is not available/ });
    await row.click({ timeout: 30_000 });
    assert.equal(await row.locator('.cascade-stage').count(), 2);
    const details = tab.getByRole('region', { name: /Details of r-image/ });
    await details.getByText('Parameters: image').waitFor();
    await details.getByRole('row', { name: 'Test failed 1 1 s' }).waitFor();
    const link = await details.getByRole('link', { name: /Open r-image/ }).getAttribute('href');
    assert.match(link ?? '', new RegExp(`buildId=${failed.id}$`));
  });

  it('shows what a stale check found: Dockerfiles, bases, verdicts, reasons, what needs somebody first', async () => {
    const { parent } = imagesScene(tabPage.emulator);
    const tab = await tabPage.show(parent.id);
    const table = tab.getByRole('table', { name: /Dockerfiles that step Check.images.stale checked 1 stale, 1 fresh/ });
    await table.waitFor();
    const rows = await table.getByRole('row').allInnerTexts();
    assert.deepEqual(
      rows.map((text) => text.replace(/\s+/g, ' ')),
      [
        'Dockerfile Verdict Reason Base images',
        'images/ubuntu/Dockerfile stale The base image was updated on 2026-11-19, after the last run. ' +
          'docker.io/library/ubuntu:latest (base, line 1): stale',
        'images/python/Dockerfile fresh The base image is the one of the last run. ' +
          'docker.io/library/python:latest (base, line 1): fresh',
      ],
    );
  });

  it('reruns a failed child and cancels a running one', async () => {
    const { parent, failed, running } = imagesScene(tabPage.emulator);
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /r-image .* failed/ }).click({ timeout: 30_000 });
    await tab.getByRole('cell', { name: 'failed' }).waitFor();
    await tab.getByRole('button', { name: 'Rerun failed stages' }).click();
    await tab.getByText('Its failed stages run again.').waitFor();
    await tab.getByRole('row', { name: /python-image/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByRole('row', { name: /python-image .* canceled/ }).waitFor({ timeout: 30_000 });
    const patches = tabPage.emulator.calls.filter(({ method }) => method === 'PATCH');
    assert.deepEqual(
      patches.map(({ path: url }) => url.split('?')[0]),
      [
        `/contoso/Fabrikam/_apis/build/builds/${failed.id}/stages/Test`,
        `/contoso/Fabrikam/_apis/build/builds/${running.id}`,
      ],
    );
  });

  it('explains a refusal to the viewer', async () => {
    const { emulator } = tabPage;
    emulator.tokens.push({ token: 'reader', denied: ['stopBuilds'] });
    await tabPage.viewAs('reader');
    const { parent } = imagesScene(emulator);
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /python-image/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByText(/python-image .* was not canceled: you need the permission 'Stop builds'/).waitFor();
    await tab.getByText(/The service says: TF215106/).waitFor();
  });

  for (const [status, said] of [
    [401, 'Reload the page (401).'],
    [403, "you need the permission 'View builds'"],
    [404, 'it is not there any more, or you may not see it (404).'],
    [500, 'the service has a fault (500). The tab tries again'],
  ] as const) {
    it(`says what cannot be read after ${status}`, async () => {
      const { emulator } = tabPage;
      const { parent } = imagesScene(emulator);
      emulator.faults.add({ match: {}, kind: 'status', status, times: 1000 });
      const tab = await tabPage.show(parent.id);
      await tab.getByText(said).first().waitFor();
    });
  }

  it('says that there is nothing so far in a run whose steps have started nothing', async () => {
    const { emulator } = tabPage;
    emulator.state.addProject('Fabrikam');
    const tab = await tabPage.show(startRun(emulator, 'parent', { durationMs: 9e6 }).id);
    await tab.getByText('No step of this run has started a run or a release so far').waitFor();
  });

  it('asks for nothing while the page is hidden, and goes on when it is shown again', async () => {
    const { emulator, page } = tabPage;
    const { parent } = imagesScene(emulator);
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /scan-image/ }).waitFor();
    // A browser without a screen calls every page visible: the page is told what a browser with one would tell it.
    const tell = (hidden: boolean): Promise<unknown> =>
      tabPage.frame().evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
         document.dispatchEvent(new Event('visibilitychange'));`,
      );
    await tell(true);
    // What was under way when the page was hidden.
    await page.waitForTimeout(500);
    const before = emulator.calls.length;
    await page.waitForTimeout(6000);
    assert.equal(emulator.calls.length, before);
    await tell(false);
    await page.waitForTimeout(6000);
    assert.ok(emulator.calls.length > before);
  });

  it('asks for nothing any more once all has ended, and shows how', async () => {
    const { emulator, page } = tabPage;
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 100 });
    register(emulator, parent, [startRun(emulator, 'child', { durationMs: 2000 })]);
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /child .* succeeded/ }).waitFor();
    await page.waitForTimeout(6000);
    const before = emulator.calls.length;
    await page.waitForTimeout(6000);
    assert.equal(emulator.calls.length, before);
    await tab.getByText('1 started: 1 succeeded.').waitFor();
  });

  it('draws only the lines in sight of five hundred', async () => {
    const { emulator, page } = tabPage;
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 9e6 });
    const pipeline = emulator.state.addPipeline({ name: 'image', script: { durationMs: 9e6 } });
    const children = Array.from({ length: 500 }, () => emulator.state.queue(pipeline));
    register(emulator, parent, children);
    const tab = await tabPage.show(parent.id);
    await tab.getByText(/500 started: /).waitFor();
    assert.ok((await tab.getByRole('row').count()) < 30);
    await tab.getByRole('row', { name: /image/ }).first().focus();
    await page.keyboard.press('End');
    await tab.locator('[aria-rowindex="501"]:focus').waitFor();
  });
});
