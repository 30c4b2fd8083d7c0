import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'esbuild';
import type { Frame, Page } from 'playwright-core';
import { startEmulator } from '../emulator/server';
import { buildTab } from '../scripts/buildTab';
import { startTabHost } from '../scripts/tabHost/server';
import { openBrowser } from '../tests/tabs/browser';
import { register, startRun } from '../tests/tabs/cascadeScene';
import { taskFolder } from '../tests/tasks/taskFolder';
import { inMs, median, type Figure } from './figure';

const LIMITS = { gzippedKb: 400, firstPaintMs: 1000, updateMs: 100 };
const CHILDREN = 500;
const STEP_MS = 60_000;

/** What one opening of the tab took, and each update in which every child changes. */
interface Opened {
  firstPaintMs: number;
  childrenMs: number;
  updatesMs: number[];
}

/**
 * The packaged tab in a real browser with five hundred children, each of which changes in every update, beside the same tab that draws all
 * lines instead of those in sight, and beside a page that holds nothing. Throws when a figure is over its limit.
 */
export async function tab(): Promise<Figure[]> {
  const packaged = path.dirname(await taskFolder('TriggerPipeline'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-tab-'));
  const browser = await openBrowser();
  try {
    fs.cpSync(packaged, path.join(folder, 'empty'), { recursive: true });
    fs.cpSync(packaged, path.join(folder, 'allLines'), { recursive: true });
    fs.writeFileSync(
      path.join(folder, 'empty', 'tab', 'tab.html'),
      '<!doctype html><title>Empty</title><p>Nothing.</p>',
    );
    await buildTab(path.join(__dirname, '..'), path.join(folder, 'allLines', 'tab'), [allLinesDrawn]);
    const page = await browser.context.newPage();
    const opened = await open(page, packaged);
    const allLines = await open(page, path.join(folder, 'allLines'));
    const emptyMs = await paintOfEmpty(page, path.join(folder, 'empty'));
    return figures({ opened, allLines, emptyMs, packaged });
  } finally {
    await browser.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function figures(measured: { opened: Opened; allLines: Opened; emptyMs: number; packaged: string }): Figure[] {
  const { opened, allLines, emptyMs, packaged } = measured;
  const folder = path.join(packaged, 'tab');
  const bytes = (level: number): number =>
    fs
      .readdirSync(folder)
      .map((name) => fs.readFileSync(path.join(folder, name)))
      .reduce((sum, content) => sum + (level ? gzipSync(content, { level }).length : content.length), 0);
  const gzippedKb = bytes(6) / 1024;
  const update = median(opened.updatesMs);
  const over = [
    ['the bundle in KB', gzippedKb, LIMITS.gzippedKb],
    ['the first paint in ms', opened.firstPaintMs, LIMITS.firstPaintMs],
    ['an update in ms', update, LIMITS.updateMs],
  ].filter(([, value = 0, limit = 0]) => value > limit);
  if (over.length) throw new Error(`The tab is over its limits: ${JSON.stringify(over)}`);
  return [
    {
      name: 'tab: bundle, gzipped',
      value: `${Math.ceil(gzippedKb)} KB`,
      baseline: `${Math.ceil(bytes(0) / 1024)} KB as it is`,
      limit: `${LIMITS.gzippedKb} KB`,
    },
    {
      name: 'tab: first paint',
      value: inMs(opened.firstPaintMs),
      baseline: `${inMs(emptyMs)} a page with one line of text`,
      limit: inMs(LIMITS.firstPaintMs),
      note: `all ${CHILDREN} children after ${inMs(opened.childrenMs)}`,
    },
    {
      name: `tab: an update of ${CHILDREN} children, all changed`,
      value: inMs(update),
      baseline: `${inMs(median(allLines.updatesMs))} drawing all lines`,
      limit: inMs(LIMITS.updateMs),
      note: `slowest ${inMs(Math.max(...opened.updatesMs))} and ${inMs(Math.max(...allLines.updatesMs))}`,
    },
  ];
}

/** From when the answer with the states has been read until the browser has painted what came of it. */
const WATCH_UPDATES = `{
  window.updates = [];
  const plain = window.fetch;
  window.fetch = async (...args) => {
    const response = await plain(...args);
    if (!String(args[0]).includes('buildIds=')) return response;
    const read = response.text.bind(response);
    response.text = async () => {
      const text = await read();
      const at = performance.now();
      requestAnimationFrame(() => setTimeout(() => window.updates.push(performance.now() - at)));
      return text;
    };
    return response;
  };
}`;

async function open(page: Page, folder: string): Promise<Opened> {
  let now = Date.now();
  const emulator = await startEmulator({ clock: { now: () => now } });
  const host = await startTabHost({ emulator, folder });
  try {
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 9e9 });
    const script = { queuedMs: STEP_MS, durationMs: STEP_MS, stages: { Test: { result: 'failed' } } };
    const children = Array.from({ length: CHILDREN }, (_, at) => startRun(emulator, `image-${at}`, script));
    register(emulator, parent, children);
    await page.addInitScript(WATCH_UPDATES);
    await page.goto(host.page({ id: parent.id }));
    const tabIn = page.frameLocator('iframe');
    await tabIn.getByText(`${CHILDREN} started: `).waitFor();
    const frame = tabFrame(page);
    const childrenMs = await frame.evaluate<number>('performance.now()');
    const updatesMs: number[] = [];
    // Every child goes on: from the queue to an agent, to its failure, and to its next attempt.
    for (const outcome of ['waiting', 'running', 'failed', 'running', 'failed', 'running']) {
      await tabIn.getByText(`${CHILDREN} started: ${CHILDREN} ${outcome}.`).waitFor();
      const done = await frame.evaluate<number[]>('window.updates.splice(0)');
      if (outcome !== 'waiting') updatesMs.push(Math.max(...done));
      if (outcome === 'failed') for (const run of children) emulator.state.retry(run, { stages: ['Test'] });
      else now += STEP_MS * 2;
    }
    return { firstPaintMs: await firstPaint(frame), childrenMs, updatesMs };
  } finally {
    await page.goto('about:blank');
    await host.close();
    await emulator.close();
  }
}

/** A page of the extension with one line of text: what a browser takes for any page in that frame. */
async function paintOfEmpty(page: Page, folder: string): Promise<number> {
  const emulator = await startEmulator();
  const host = await startTabHost({ emulator, folder });
  try {
    await page.goto(host.page({ id: 1 }));
    await page.frameLocator('iframe').getByText('Nothing.').waitFor();
    return await firstPaint(tabFrame(page));
  } finally {
    await page.goto('about:blank');
    await host.close();
    await emulator.close();
  }
}

async function firstPaint(frame: Frame): Promise<number> {
  await frame.waitForFunction('performance.getEntriesByName("first-contentful-paint").length');
  return frame.evaluate<number>('performance.getEntriesByName("first-contentful-paint")[0].startTime');
}

function tabFrame(page: Page): Frame {
  const frame = page.frames().find((candidate) => candidate.url().includes('/tab/'));
  if (!frame) throw new Error('There is no frame of the tab.');
  return frame;
}

/** The same tab without its virtual list. */
const allLinesDrawn: Plugin = {
  name: 'all-lines-drawn',
  setup(bundle) {
    bundle.onLoad({ filter: /TreeGrid\.tsx$/ }, ({ path: file }) => {
      const text = fs.readFileSync(file, 'utf8');
      const contents = text.replace(/const SPARE_ROWS = \d+;/, 'const SPARE_ROWS = 1e6;');
      if (contents === text) throw new Error('The list has no spare rows any more.');
      return { contents, loader: 'tsx' };
    });
  },
};
