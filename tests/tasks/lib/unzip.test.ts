import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { zipOf } from '../../../emulator/zip';
import { unzip } from '../../../tasks/lib/unzip';

const DIRECTORY_ENTRY = Buffer.from([0x50, 0x4b, 1, 2]);

/** Unpacks an archive into a folder of its own; gives the files, and what there is beside the folder afterwards. */
async function unpack(zip: Buffer): Promise<{ files: string[]; folder: string; beside: string[] }> {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-'));
  try {
    const [file, folder] = [path.join(place, 'a.zip'), path.join(place, 'in')];
    fs.writeFileSync(file, zip);
    const files = await unzip(file, { folder, strip: 'drop', name: "The artifact 'drop'" });
    return { files, folder, beside: fs.readdirSync(place) };
  } finally {
    fs.rmSync(place, { recursive: true });
  }
}

/** The archive with another word in its directory, which is what a reader goes by. */
function withWord(zip: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(zip);
  copy.writeUInt32LE(value, zip.indexOf(DIRECTORY_ENTRY) + at);
  return copy;
}

describe('An archive', () => {
  it('gives its files, without the folder that holds them all', async () => {
    const { files } = await unpack(zipOf({ 'drop/a.txt': 'a', 'drop/b/c.txt': 'c', 'else/d.txt': 'd' }));
    assert.deepEqual(files, ['a.txt', 'b/c.txt', 'else/d.txt']);
  });

  for (const name of ['../evil', 'drop/../../evil', '/evil', 'C:/evil', 'drop/b/../../../evil', 'drop\\..\\evil']) {
    it(`is refused with the entry '${name}', which is named`, async () => {
      await assert.rejects(unpack(zipOf({ 'drop/good.txt': 'x', [name]: 'x' })), (error: Error) => {
        assert.match(error.message, /^The artifact 'drop' holds the entry '.*evil', which would leave its folder/);
        return true;
      });
    });
  }

  it('is refused with a link, which could lead anywhere', async () => {
    const link = withWord(zipOf({ 'drop/link': '/etc' }), 38, (0o120777 << 16) >>> 0);
    await assert.rejects(unpack(link), /the entry 'drop\/link', which would leave its folder/);
  });

  it('is refused when a file has another size than it says, or the archive is no archive', async () => {
    const zip = zipOf({ 'drop/a.txt': 'four' });
    await assert.rejects(unpack(withWord(zip, 24, 5)), /^UserError: The artifact 'drop' cannot be unpacked: .*size/);
    await assert.rejects(unpack(zip.subarray(0, 30)), /^UserError: The artifact 'drop' cannot be unpacked: /);
  });
});
