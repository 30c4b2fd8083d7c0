import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { runStep } from './agent';
import { printing } from './fixtureTask';
import { renderLog } from './renderLog';
import { unpackVsix } from './vsix';

const text = (content: string) => new TextEncoder().encode(content);

describe('unpackVsix', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vsix-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('unpacks a task that then runs', async () => {
    const definition = {
      name: 'Packed',
      version: { Major: 1, Minor: 0, Patch: 0 },
      execution: { Node24: { target: 'dist/index.js' } },
    };
    const file = join(folder, 'a.vsix');
    writeFileSync(
      file,
      zipSync({
        'extension.vsixmanifest': text('<xml/>'),
        'Task/task.json': text(`\uFEFF${JSON.stringify(definition)}`),
        'Task/dist/': text(''),
        'Task/dist/index.js': text(printing('from the package')),
      }),
    );
    const unpacked = await unpackVsix(file, join(folder, 'out'));
    assert.equal(readFileSync(join(unpacked, 'extension.vsixmanifest'), 'utf8'), '<xml/>');
    const result = await runStep({ taskFolder: join(unpacked, 'Task') });
    assert.ok(result.log.includes('from the package'));
  });

  it('refuses a file outside the package', async () => {
    const file = join(folder, 'b.vsix');
    writeFileSync(file, zipSync({ '../out.txt': text('x') }));
    await assert.rejects(unpackVsix(file, join(folder, 'out')), /outside itself: '\.\.\/out\.txt'/);
  });
});

describe('renderLog', () => {
  const log = ['##[group]child', 'line', '##[endgroup]', '##[error]bad'];

  it('keeps the marks of the web log', () => {
    assert.equal(renderLog({ log }), '##[group]child\nline\n##[endgroup]\n##[error]bad\n');
  });

  it('colours it for a terminal', () => {
    const coloured = renderLog({ log }, { colour: true });
    assert.equal(coloured, '\u001b[1mchild\u001b[0m\nline\n\u001b[31m##[error]bad\u001b[0m\n');
  });
});
