/** Makes the pictures of the Marketplace page, images/cascade-*.png, from the real tab in a real browser. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmulator } from '../emulator/server';
import { openBrowser } from '../tests/tabs/browser';
import { imagesScene } from '../tests/tabs/cascadeScene';
import { buildTab } from './buildTab';
import { startTabHost } from './tabHost/server';

const root = path.join(__dirname, '..');
/** Until the scene has come to its picture: one child failed, one waits for approval, the rest is under way. */
const SCENE_MS = 6000;

async function main(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-tab-'));
  await buildTab(root, folder);
  const browser = await openBrowser({ width: 1280, height: 860 });
  const emulator = await startEmulator();
  const host = await startTabHost({ emulator, folder });
  try {
    const { parent } = imagesScene(emulator);
    const page = await browser.context.newPage();
    await new Promise((resolve) => setTimeout(resolve, SCENE_MS));
    for (const theme of ['light', 'dark'] as const) {
      await page.goto(host.page({ id: parent.id, theme }));
      const tab = page.frameLocator('iframe');
      await tab.getByRole('row', { name: /scan-image/ }).waitFor();
      await tab.getByText('Stage Test waits for approval.').first().waitFor();
      await tab.getByRole('row', { name: /r-image .* failed/ }).click();
      await tab.getByRole('cell', { name: 'failed' }).waitFor();
      const file = path.join(root, 'images', `cascade-${theme}.png`);
      await page.screenshot({ path: file });
      console.log(`Made ${path.relative(root, file)}.`);
    }
  } finally {
    await host.close();
    await emulator.close();
    await browser.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
