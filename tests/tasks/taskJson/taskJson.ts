import fs from 'node:fs';
import path from 'node:path';

export interface TaskInput {
  name: string;
  aliases?: string[];
  type: string;
  label: string;
  defaultValue?: string | boolean;
  required?: boolean;
  helpMarkDown?: string;
  groupName?: string;
  visibleRule?: string;
  options?: Record<string, string>;
  properties?: Record<string, string | boolean>;
}

export interface TaskGroup {
  name: string;
  visibleRule?: string;
}

export interface TaskJson {
  id: string;
  name: string;
  friendlyName: string;
  instanceNameFormat: string;
  runsOn: string[];
  minimumAgentVersion: string;
  groups?: TaskGroup[];
  inputs: TaskInput[];
  dataSourceBindings?: {
    target: string;
    endpointId: string;
    endpointUrl?: string;
    parameters?: Record<string, string>;
  }[];
  outputVariables?: { name: string; description: string }[];
  restrictions?: { settableVariables?: { allowed: string[] } };
  execution: Record<string, { target: string }>;
  postjobexecution?: Record<string, { target: string }>;
}

const folder = path.join(__dirname, '..', '..', '..', 'tasks');

/** Every task of the project. */
export function taskJsons(): TaskJson[] {
  return fs
    .readdirSync(folder)
    .filter((name) => fs.existsSync(path.join(folder, name, 'task.json')))
    .map(taskJson);
}

export function taskJson(task: string): TaskJson {
  return JSON.parse(fs.readFileSync(path.join(folder, task, 'task.json'), 'utf8')) as TaskJson;
}
