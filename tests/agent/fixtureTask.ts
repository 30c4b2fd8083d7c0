import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atProcessEnd } from './atProcessEnd';

/** Writes a task whose whole code is given, with more of task.json if needed; gives its folder, which goes with this process. */
export function fixtureTask(code: string, definition: Record<string, unknown> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'fixture-task-'));
  atProcessEnd(() => rmSync(folder, { recursive: true, force: true }));
  const whole = {
    id: '9d6b2c0e-4b0e-4d53-9a5d-0f2b8c1d7e01',
    name: 'Fixture',
    friendlyName: 'Fixture of a test',
    version: { Major: 1, Minor: 2, Patch: 3 },
    inputs: [],
    execution: { Node20_1: { target: 'index.js' } },
    ...definition,
  };
  writeFileSync(join(folder, 'task.json'), JSON.stringify(whole));
  writeFileSync(join(folder, 'index.js'), code);
  return folder;
}

/** Code that prints each line as it is. */
export function printing(...lines: string[]): string {
  return `process.stdout.write(${JSON.stringify(lines.map((line) => `${line}\n`).join(''))});`;
}
