/** Makes the pictures of the Marketplace page, images/*.png, from the packaged tab, from real summaries and from drawings in a real browser. */
import fs from 'node:fs';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { startEmulator } from '../emulator/server';
import { openBrowser } from '../tests/tabs/browser';
import { imagesScene } from '../tests/tabs/cascadeScene';
import { summaries } from '../tests/tabs/summaryScene';
import { taskFolder } from '../tests/tasks/taskFolder';
import { markdownPage } from './markdownPage';
import { startTabHost } from './tabHost/server';

const images = path.join(__dirname, '..', 'images');
/** Until the scene has come to its picture: one child failed, one waits for approval, the rest is under way. */
const SCENE_MS = 6000;
const WIDTH = 1280;

async function main(): Promise<void> {
  const browser = await openBrowser({ width: WIDTH, height: 860 });
  try {
    await tabPictures(browser.context);
    await summaryPicture(browser.context);
    await drawing(browser.context, 'verdicts');
  } finally {
    await browser.close();
  }
}

async function tabPictures(context: BrowserContext): Promise<void> {
  const folder = path.dirname(await taskFolder('TriggerPipeline'));
  const emulator = await startEmulator();
  const host = await startTabHost({ emulator, folder });
  try {
    const { parent } = imagesScene(emulator);
    const page = await context.newPage();
    await new Promise((resolve) => setTimeout(resolve, SCENE_MS));
    for (const theme of ['light', 'dark'] as const) {
      await page.goto(host.page({ id: parent.id, theme }));
      const tab = page.frameLocator('iframe');
      await tab.getByRole('row', { name: /scan-image .* Test succeeded/ }).waitFor();
      await tab.getByText('Stage Test waits for approval by Kim Lee.').first().waitFor();
      await tab.getByRole('row', { name: /r-image .* failed/ }).click();
      await tab.getByRole('cell', { name: 'failed' }).waitFor();
      await save(`cascade-${theme}.png`, await page.screenshot());
    }
  } finally {
    await host.close();
    await emulator.close();
  }
}

/** The Markdown that steps add to a run, as a page of Azure DevOps renders it. */
async function summaryPicture(context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  await page.setContent(markdownPage(summaries()));
  await save('summary.png', await page.locator('body').screenshot());
}

/** A drawing as a picture: the Marketplace shows no SVG. */
async function drawing(context: BrowserContext, name: string): Promise<void> {
  const page = await context.newPage();
  await page.setContent(await fs.promises.readFile(path.join(images, `${name}.svg`), 'utf8'));
  await save(`${name}.png`, await page.locator('svg').screenshot({ omitBackground: true }));
}

async function save(name: string, picture: Buffer): Promise<void> {
  await fs.promises.writeFile(path.join(images, name), picture);
  console.log(`Made images/${name}.`);
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
