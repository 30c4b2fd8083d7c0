import type { ParsedCommand } from './command';
import type { StepRecord } from './stepRecord';
import type { TaskDefinition } from './taskDefinition';

export interface CommandContext {
  record: StepRecord;
  definition: TaskDefinition;
}

/** What a command does. An error thrown is what the agent logs; the step then fails. */
export type Effect = (context: CommandContext, command: ParsedCommand) => void;

export interface CommandArea {
  /** Values of System.HostType under which the area exists; all unless given. */
  hosts?: string[];
  /** By lower-case event. */
  effects: Record<string, Effect>;
  /** Events that a task may use although its restrictions.commands.mode is `restricted`. */
  unrestricted?: string[];
}

/** The property, which has to be there. */
export function required(command: ParsedCommand, name: string, message: string): string {
  const value = command.properties[name];
  if (value === undefined) throw new Error(message);
  return value;
}

/** .NET's Boolean.TryParse; everything else is false. */
export function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}

/** True when restrictions.settableVariables of task.json let the step set the variable; says so if not. */
export function maySetVariable({ record, definition }: CommandContext, name: string): boolean {
  const allowed = definition.restrictions?.settableVariables?.allowed;
  if (allowed === undefined || allowed.some((pattern) => matches(pattern, name))) return true;
  record.issue('warning', `Setting variable '${name}' has been disabled by the task or build definition.`);
  return false;
}

/** Patterns for variable names: `*` and `?`, without case. */
function matches(pattern: string, name: string): boolean {
  const expression = pattern
    .replaceAll(/[\\^$+.()|[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(name);
}
