import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './thePackage';

interface Ended {
  code: number | null;
  output: string;
  /** What it left in its temporary folder. */
  left: string[];
}

describe('The demo', function () {
  this.timeout(120_000);

  it('packages the extension, shows it at work and ends with 0', async () => {
    const { code, output, left } = await demo();
    assert.equal(code, 0, output);
    assert.match(output, /\nPackaged TriggerPipeline/);
    assert.match(output, /\n {4}rebuild \S+: stage Test succeeded/, 'the log');
    assert.match(output, /\n {4}✅ {2}rebuild/, 'the summary');
    assert.match(output, /\n {4}\$\(rebuild\.result\) = succeeded\n/, 'the outputs');
    assert.match(output, /CVE-2026-21345/, 'the errors of a run that failed');
    assert.match(output, /\nOpen http:\/\/127\.0\.0\.1:\d+\/\S+ in a browser/, 'the page of the tab');
    assert.match(output, /\nThe package is dist\/pipeline-cascade-\d+\.\d+\.\d+\.vsix/);
    // eslint-disable-next-line no-control-regex -- a terminal's colours begin with one
    assert.doesNotMatch(output, /\u001b/);
    assert.deepEqual(left, []);
  });

  it('ends in good order after Ctrl+C: the run that it started is canceled', async () => {
    const { code, output, left } = await demo((text, child) => {
      if (text.includes('Started rebuild')) child.kill('SIGINT');
    });
    assert.equal(code, 130, output);
    assert.match(output, /cancellation accepted/);
    assert.doesNotMatch(output, /scan/);
    assert.deepEqual(left, []);
  });

  it('prints the address of the page of a run with the tab on it, which works while the demo runs', async () => {
    const pages: Promise<string>[] = [];
    const { code, output, left } = await demo(
      (text, child) => {
        const [, address] = /Open (http:\/\/\S+) in a browser/.exec(text) ?? [];
        if (address && !pages.length) pages.push(framed(address).finally(() => child.kill('SIGINT')));
      },
      ['tab'],
    );
    assert.equal(code, 130, output);
    const [tab] = await Promise.all(pages);
    assert.match(tab ?? '', /<script src="tab\.js">/, output);
    assert.deepEqual(left, []);
  });
});

/** The text of the page that a host page puts into its frame. */
async function framed(address: string): Promise<string> {
  const page = await (await fetch(address)).text();
  const [, files, uri] = /"files":"([^"]+)".*?"run":\{[^}]*"uri":"([^"]+)"/.exec(page) ?? [];
  return (await fetch(`${files ?? ''}/${uri ?? ''}`)).text();
}

async function demo(
  onOutput: (text: string, child: ChildProcess) => void = () => undefined,
  args: string[] = [],
): Promise<Ended> {
  const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-demo-'));
  const child = spawn(process.execPath, ['scripts/demo.mjs', ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput(text, child);
    });
  }
  try {
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    // tsx keeps what it compiled beside our own files.
    const left = fs.readdirSync(temporary).filter((name) => !/^(tsx-|node-compile-cache)/.test(name));
    return { code, output, left };
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
}
