/** The tab: its size, its first paint, and an update of five hundred children, in a real browser; fails when one is over its limit. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { startEmulator } from '../emulator/server';
import { buildTab } from '../scripts/buildTab';
import { startTabHost } from '../scripts/tabHost/server';
import { openBrowser } from '../tests/tabs/browser';
import { register, startRun } from '../tests/tabs/cascadeScene';

const LIMITS = { gzippedBytes: 400 * 1024, firstPaintMs: 1000, updateMs: 100 };
const WATCHED_MS = 8000;

async function main(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-tab-'));
  await buildTab(path.join(__dirname, '..'), folder);
  const gzippedBytes = fs
    .readdirSync(folder)
    .reduce((sum, name) => sum + gzipSync(fs.readFileSync(path.join(folder, name))).length, 0);
  const emulator = await startEmulator();
  const host = await startTabHost({ emulator, folder });
  const browser = await openBrowser();
  try {
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 9e6 });
    const pipeline = emulator.state.addPipeline({ name: 'image', script: { durationMs: 9e6 } });
    const children = Array.from({ length: 500 }, () => emulator.state.queue(pipeline));
    register(emulator, parent, children);
    const page = await browser.context.newPage();
    await page.addInitScript(
      'window.longTasks = []; new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });',
    );
    await page.goto(host.page({ id: parent.id }));
    await page
      .frameLocator('iframe')
      .getByText(/500 started: /)
      .waitFor();
    const frame = page.frames().find((candidate) => candidate.url().includes('/tab/'));
    if (!frame) throw new Error('There is no frame of the tab.');
    const firstPaintMs = await frame.evaluate<number>(
      'performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity',
    );
    // Whatever holds the page up for more than 50 ms is a long task; from here on there are only updates.
    await frame.evaluate('window.longTasks.length = 0');
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
    const updateMs = await frame.evaluate<number>('Math.max(50, ...window.longTasks)');
    const measured = { gzippedBytes, firstPaintMs: Math.round(firstPaintMs), updateMs: Math.round(updateMs) };
    for (const [name, limit] of Object.entries(LIMITS)) {
      const value = measured[name as keyof typeof LIMITS];
      console.log(`${name}: ${value}${name === 'updateMs' && value === 50 ? ' or less' : ''} (at most ${limit})`);
      if (value > limit) process.exitCode = 1;
    }
  } finally {
    await browser.close();
    await host.close();
    await emulator.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
