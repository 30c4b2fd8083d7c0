import fs from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import { taskFolder } from '../tests/tasks/taskFolder';
import type { Figure } from './figure';

/** What the agent downloads of a task: files and compressed size. */
export async function packageSize(): Promise<Figure[]> {
  const folder = await taskFolder('TriggerPipeline');
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const contents = files.map((file) => fs.readFileSync(path.join(file.parentPath, file.name)));
  const zipped = zipSync(Object.fromEntries(contents.map((content, index) => [String(index), content])), { level: 9 });
  const plain = contents.reduce((sum, content) => sum + content.length, 0);
  return [
    {
      name: 'task folder: files',
      value: String(files.length),
      baseline: '1 bundle',
      limit: '6',
      note: files.map(({ name }) => name).join(', '),
    },
    {
      name: 'task folder: zipped',
      value: `${Math.round(zipped.length / 1024)} KB`,
      baseline: `${Math.round(plain / 1024)} KB unpacked`,
      limit: '250 KB',
    },
  ];
}
