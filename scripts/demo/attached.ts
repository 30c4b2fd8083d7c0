import fs from 'node:fs';
import { parseCommand } from '../../tests/agent/command';

/** What a line of a step's output attaches to its run, read at once as the agent does; undefined for any other line. */
export function attachedBy(line: string): { type: string; name: string; content: string } | undefined {
  const command = parseCommand(line);
  if (command?.area !== 'task' || command.event !== 'addattachment') return undefined;
  const { type = '', name = '' } = command.properties;
  return { type, name, content: fs.readFileSync(command.data, 'utf8') };
}
