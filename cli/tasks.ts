import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../tasks/lib/errors';
import { nearest } from '../tasks/lib/nearest';

/** An input as task.json declares it; https://github.com/microsoft/azure-pipelines-task-lib/blob/master/tasks.schema.json */
export interface Input {
  name: string;
  aliases?: string[];
  type: string;
  label: string;
  defaultValue?: string | boolean;
  options?: Record<string, string>;
  properties?: Record<string, unknown>;
  helpMarkDown?: string;
  groupName?: string;
}

/** A task as it ships: its task.json, and the folder that it lies in. */
export interface Task {
  folder: string;
  name: string;
  friendlyName: string;
  description: string;
  groups?: { name: string; displayName: string }[];
  inputs: Input[];
  outputVariables?: { name: string; description: string }[];
  execution: { Node20_1: { target: string } };
}

/** The tasks of a built extension, by name. */
export function readTasks(extension: string): Task[] {
  return fs
    .readdirSync(extension)
    .map((name) => path.join(extension, name))
    .filter((folder) => fs.existsSync(path.join(folder, 'task.json')))
    .map((folder) => ({
      ...(JSON.parse(fs.readFileSync(path.join(folder, 'task.json'), 'utf8')) as Omit<Task, 'folder'>),
      folder,
    }));
}

/** The task of that name, without regard to case. Throws `UserError` with the nearest names. */
export function findTask(tasks: Task[], name: string): Task {
  const found = tasks.find((task) => task.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  const names = tasks.map((task) => task.name);
  throw new UserError(`There is no task '${name}'; the nearest are ${nearest(name, names).join(', ')}.`);
}

/** True for an input that names a service connection, which only a pipeline has. */
export function isConnection({ type }: Input): boolean {
  return type.startsWith('connectedService:');
}

/** The values that an input is limited to; none when it takes any text. */
export function choicesOf({ options, properties }: Input): string[] {
  return properties?.EditableOptions === 'True' ? [] : Object.keys(options ?? {});
}
