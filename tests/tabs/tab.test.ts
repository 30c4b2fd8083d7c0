import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Frame, FrameLocator, Page } from 'playwright-core';
import { startEmulator, type Emulator } from '../../emulator/server';
import { buildTab } from '../../scripts/buildTab';
import { startTabHost, type TabHost } from '../../scripts/tabHost/server';
import { openBrowser } from './browser';
import { imagesScene, register, startRun } from './cascadeScene';

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

describe('The tab in Chromium', function () {
  this.timeout(60_000);
  let folder: string;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let emulator: Emulator;
  let host: TabHost;
  let page: Page;
  let errors: string[];

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-tab-'));
    await buildTab(path.join(__dirname, '..', '..'), folder);
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    emulator = await startEmulator();
    host = await startTabHost(emulator, folder);
    page = await browser.context.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    await host.close();
    await emulator.close();
    assert.deepEqual(errors, []);
  });

  async function show(id: number, theme: 'light' | 'dark' = 'light'): Promise<FrameLocator> {
    await page.goto(host.page({ id, theme }));
    return page.frameLocator('iframe');
  }

  it('shows children and grandchildren, and follows them while they run', async () => {
    const { parent } = imagesScene(emulator);
    const tab = await show(parent.id);
    await tab.getByRole('row', { name: /scan-image/ }).waitFor();
    await tab.getByRole('row', { name: /base-image .* succeeded/ }).waitFor({ timeout: 30_000 });
    await tab.getByText('Stage Test waits for approval.').waitFor({ timeout: 30_000 });
    await tab.getByRole('cell', { name: 'images/ubuntu/Dockerfile' }).waitFor();
    assert.equal(await tab.getByRole('row', { name: /scan-image/ }).getAttribute('aria-level'), '2');
  });

  it('reruns a failed child and cancels a running one', async () => {
    const { parent, failed, running } = imagesScene(emulator);
    const tab = await show(parent.id);
    await tab.getByRole('row', { name: /r-image .* failed/ }).click({ timeout: 30_000 });
    await tab.getByRole('cell', { name: 'failed' }).waitFor();
    await tab.getByRole('button', { name: 'Rerun failed stages' }).click();
    await tab.getByText('Its failed stages run again.').waitFor();
    await tab.getByRole('row', { name: /python-image/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByRole('row', { name: /python-image .* canceled/ }).waitFor({ timeout: 30_000 });
    const sent = emulator.calls.filter(({ method }) => method === 'PATCH').map(({ path: url }) => url.split('?')[0]);
    assert.deepEqual(sent, [
      `/contoso/Fabrikam/_apis/build/builds/${failed.id}/stages/Test`,
      `/contoso/Fabrikam/_apis/build/builds/${running.id}`,
    ]);
  });

  it('explains a refusal to the viewer', async () => {
    emulator.tokens.push({ token: 'reader', denied: ['stopBuilds'] });
    await host.close();
    host = await startTabHost(emulator, folder, 'reader');
    const { parent } = imagesScene(emulator);
    const tab = await show(parent.id);
    await tab.getByRole('row', { name: /python-image/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByText(/python-image .* was not canceled: you need the permission 'Stop builds'/).waitFor();
  });

  it('says what cannot be read', async () => {
    const { parent } = imagesScene(emulator);
    emulator.faults.add({ match: {}, kind: 'status', status: 503, times: 1000 });
    const tab = await show(parent.id);
    await tab.getByText(/What is shown may be old\./).waitFor();
  });

  it('is worked by the keyboard alone', async () => {
    const { parent } = imagesScene(emulator);
    const tab = await show(parent.id);
    const base = tab.getByRole('row', { name: /base-image/ });
    await tab.getByRole('row', { name: /scan-image/ }).waitFor();
    await base.focus();
    await page.keyboard.press('ArrowLeft');
    assert.equal(await base.getAttribute('aria-expanded'), 'false');
    assert.equal(await tab.getByRole('row', { name: /scan-image/ }).count(), 0);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await tab.getByRole('heading', { name: /scan-image/ }).waitFor();
  });

  for (const theme of ['light', 'dark'] as const) {
    it(`has no serious finding of axe in the ${theme} theme, also in a narrow window`, async () => {
      const { parent } = imagesScene(emulator);
      const tab = await show(parent.id, theme);
      await tab.getByRole('row', { name: /r-image .* failed/ }).click({ timeout: 30_000 });
      await tab.getByRole('cell', { name: 'failed' }).waitFor();
      for (const width of [1200, 380]) {
        await page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await findings(), [], `${width}`);
        const tooWide = "document.querySelector('main').scrollWidth > document.querySelector('main').clientWidth";
        assert.equal(await tabFrame().evaluate(tooWide), false, `${width}`);
      }
    });
  }

  function tabFrame(): Frame {
    return page.frames().find((candidate) => candidate.url().includes('/tab/'))!;
  }

  async function findings(): Promise<string[]> {
    const frame = tabFrame();
    await frame.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const violations: Violation[] = await frame.evaluate('axe.run().then(({ violations }) => violations)');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  }

  it('draws only the lines in sight of five hundred', async () => {
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 9e6 });
    const pipeline = emulator.state.addPipeline({ name: 'image', script: { durationMs: 9e6 } });
    register(
      emulator,
      parent,
      Array.from({ length: 500 }, () => emulator.state.queue(pipeline)),
    );
    const tab = await show(parent.id);
    await tab.getByText(/500 started: /).waitFor();
    assert.ok((await tab.getByRole('row').count()) < 30);
    await tab.getByRole('row', { name: /image/ }).first().focus();
    await page.keyboard.press('End');
    await tab.locator('[aria-rowindex="501"]:focus').waitFor();
  });
});
