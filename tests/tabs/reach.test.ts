import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { FrameLocator } from 'playwright-core';
import { imagesScene } from './cascadeScene';
import { useTabPage } from './tabPage';

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}

describe('The tab for everybody', function () {
  this.timeout(60_000);
  const tabPage = useTabPage();

  async function showFailed(theme: 'light' | 'dark' = 'light'): Promise<FrameLocator> {
    const { parent } = imagesScene(tabPage.emulator);
    const tab = await tabPage.show(parent.id, { theme });
    await tab.getByRole('row', { name: /r-image .* failed/ }).click({ timeout: 30_000 });
    await tab.getByRole('cell', { name: 'failed' }).waitFor();
    return tab;
  }

  /** What axe finds serious or critical. */
  async function findings(): Promise<string[]> {
    const frame = tabPage.frame();
    await frame.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const violations: Violation[] = await frame.evaluate('axe.run().then(({ violations }) => violations)');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
  }

  for (const theme of ['light', 'dark'] as const) {
    it(`has no serious finding of axe in the ${theme} theme, also in a narrow window`, async () => {
      await showFailed(theme);
      for (const width of [1200, 640, 320]) {
        await tabPage.page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await findings(), [], `${width}`);
        const tooWide = "document.querySelector('main').scrollWidth > document.querySelector('main').clientWidth";
        assert.equal(await tabPage.frame().evaluate(tooWide), false, `${width}`);
      }
    });
  }

  it('has no serious finding of axe where it tells of faults and refusals', async () => {
    const { emulator } = tabPage;
    emulator.tokens.push({ token: 'reader', denied: ['stopBuilds'] });
    await tabPage.viewAs('reader');
    const { parent } = imagesScene(emulator);
    emulator.faults.add({ match: { route: /timeline$/ }, kind: 'status', status: 403, times: 1000 });
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /python-image/ }).click();
    await tab.getByRole('button', { name: 'Cancel' }).click();
    await tab.getByText(/was not canceled/).waitFor();
    await tab
      .getByText(/The timeline of .* cannot be read/)
      .first()
      .waitFor();
    assert.deepEqual(await findings(), []);
  });

  it('takes on the theme of its page, also when that changes', async () => {
    await showFailed('light');
    const colours = (): Promise<string> =>
      tabPage
        .frame()
        .evaluate('getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color');
    const light = await colours();
    await tabPage.page.evaluate("setTheme('dark')");
    await tabPage.frame().waitForFunction(`getComputedStyle(document.body).backgroundColor === 'rgb(32, 31, 30)'`);
    assert.notEqual(await colours(), light);
    assert.deepEqual(await findings(), []);
  });

  it('still has the bars in a narrow window', async () => {
    const tab = await showFailed();
    await tabPage.page.setViewportSize({ width: 320, height: 800 });
    const bar = await tab
      .getByRole('row', { name: /r-image/ })
      .locator('.cascade-bar')
      .first()
      .boundingBox();
    assert.ok(bar && bar.width > 0 && bar.height > 0);
  });

  it('is worked by the keyboard alone', async () => {
    const { emulator, page } = tabPage;
    const { parent, running } = imagesScene(emulator);
    const tab = await tabPage.show(parent.id);
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
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    await tab.getByRole('heading', { name: /python-image/ }).waitFor();
    const focused = (): Promise<string> => tab.locator(':focus').innerText();
    for (let tabs = 0; tabs < 6 && (await focused()) !== 'Cancel'; tabs++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await tab.getByText('It is being canceled.').waitFor();
    assert.equal(emulator.state.look(running).result, 'canceled');
  });
});
