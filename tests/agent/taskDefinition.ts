import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TaskInput {
  name: string;
  type?: string;
  aliases?: string[];
  defaultValue?: string | boolean;
}

export interface HandlerData {
  target: string;
  workingDirectory?: string;
}

type Handlers = Record<string, HandlerData>;

/** The part of task.json that the agent looks at. */
export interface TaskDefinition {
  id: string;
  name: string;
  friendlyName?: string;
  description?: string;
  author?: string;
  helpUrl?: string;
  helpMarkDown?: string;
  version: { Major: number; Minor: number; Patch: number };
  inputs?: TaskInput[];
  outputVariables?: { name: string }[];
  restrictions?: { commands?: { mode?: string }; settableVariables?: { allowed?: string[] } };
  prejobexecution?: Handlers;
  execution?: Handlers;
  postjobexecution?: Handlers;
}

export type Stage = 'prejobexecution' | 'execution' | 'postjobexecution';

/** Lower index wins; handlers of other platforms or of unknown name are not there for an agent on Linux (TaskManager.cs). */
const nodeHandlers = ['Node24', 'Node20_1', 'Node16', 'Node10', 'Node'];

/** Reads task.json; a byte order mark, with which some editors and packers write it, is accepted as .NET accepts it. */
export function readTaskDefinition(taskFolder: string): TaskDefinition {
  const text = readFileSync(join(taskFolder, 'task.json'), 'utf8');
  return JSON.parse(text.replace(/^\uFEFF/, '')) as TaskDefinition;
}

/** The handler an agent on Linux takes for a stage; undefined when it has none that it could run. */
export function chooseHandler(
  definition: TaskDefinition,
  stage: Stage,
): (HandlerData & { handler: string }) | undefined {
  const handlers = definition[stage] ?? {};
  const handler = nodeHandlers.find((name) => Object.keys(handlers).includes(name));
  const data = handler === undefined ? undefined : handlers[handler];
  return handler === undefined || data === undefined ? undefined : { handler, ...data };
}

export function isEndOfLife(handler: string): boolean {
  return handler !== 'Node24' && handler !== 'Node20_1';
}
