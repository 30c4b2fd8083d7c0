import assert from 'node:assert/strict';
import path from 'node:path';
import type { Frame, FrameLocator, Page } from 'playwright-core';
import { startEmulator, type Emulator } from '../../emulator/server';
import { startTabHost, type TabHost } from '../../scripts/tabHost/server';
import { taskFolder } from '../tasks/taskFolder';
import { openBrowser } from './browser';

/** The tab as it is packaged, in a browser, on a page that plays Azure DevOps with an emulator behind it: a new one for each test. */
export interface TabPage {
  readonly emulator: Emulator;
  readonly page: Page;
  /** Opens the page of a run or release and gives the tab on it. */
  show(id: number, options?: { kind?: 'run' | 'release'; theme?: 'light' | 'dark' }): Promise<FrameLocator>;
  /** The viewer is somebody with less rights from now on. */
  viewAs(token: string): Promise<void>;
  frame(): Frame;
}

/** Registers what sets the tab up and ends it with the tests of a `describe`. No test may leave an error on the page. */
export function useTabPage(): TabPage {
  let folder: string;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let emulator: Emulator;
  let host: TabHost | undefined;
  let page: Page;
  let errors: string[];

  before(async () => {
    folder = path.dirname(await taskFolder('TriggerPipeline'));
    browser = await openBrowser();
  });
  after(() => browser.close());
  beforeEach(async () => {
    page = await browser.context.newPage();
    emulator = await startEmulator();
    host = await startTabHost({ emulator, folder });
    errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
  });
  afterEach(async () => {
    await page.close();
    await host?.close();
    await emulator.close();
    assert.deepEqual(errors, []);
  });
  return {
    get emulator() {
      return emulator;
    },
    get page() {
      return page;
    },
    async show(id, options = {}) {
      if (!host) throw new Error('There is no host page.');
      await page.goto(host.page({ id, ...options }));
      return page.frameLocator('iframe');
    },
    async viewAs(token) {
      await host?.close();
      host = await startTabHost({ emulator, folder, token });
    },
    frame() {
      const frame = page.frames().find((candidate) => candidate.url().includes('/tab/'));
      if (!frame) throw new Error('The page has no frame with the tab.');
      return frame;
    },
  };
}
