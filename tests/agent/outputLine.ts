import { parseCommand, unescapeCommandText } from './command';
import type { CommandArea, CommandContext } from './commandArea';
import { serverAreas } from './serverCommands';
import { taskArea } from './taskCommands';

const areas: Record<string, CommandArea> = { task: taskArea, ...serverAreas };

const seeDocumentation = 'Please reference documentation (http://go.microsoft.com/fwlink/?LinkId=817296)';

/** Handles a line of either stream: a command is carried out, everything else is printed (WorkerCommandManager.cs). */
export function processLine(context: CommandContext, line: string): void {
  const { record } = context;
  if (!carriedOut(context, line)) record.write(line);
}

/** False when the line has to be printed. */
function carriedOut(context: CommandContext, line: string): boolean {
  const { record } = context;
  const command = parseCommand(line);
  if (command === undefined) {
    if (line.includes('##vso')) {
      const advice = 'Please see the list of accepted commands: https://go.microsoft.com/fwlink/?LinkId=817296';
      const text = `'${line}' contains logging command keyword '##vso', but it's not a legal command. ${advice}`;
      record.issue('warning', text);
    }
    return false;
  }
  record.commands.push(command);
  const areaName = command.area.toLowerCase();
  const eventName = command.event.toLowerCase();
  const area = Object.hasOwn(areas, areaName) ? areas[areaName] : undefined;
  if (area === undefined) {
    record.issue('warning', `Cannot find command extension for ##vso[${command.area}.command]. ${seeDocumentation}`);
    return true;
  }
  const host = record.job.variables.get('system.hosttype')?.toLowerCase() ?? '';
  if (area.hosts?.includes(host) === false) {
    record.issue('error', `${command.area} commands are not supported for ${host} flow. ${seeDocumentation}`);
    record.failCommand();
    return false;
  }
  try {
    const effect = Object.hasOwn(area.effects, eventName) ? area.effects[eventName] : undefined;
    if (effect === undefined) throw new Error(`##vso[${areaName}.${command.event}] is not a recognized command.`);
    const restricted = context.definition.restrictions?.commands?.mode?.toLowerCase() === 'restricted';
    if (restricted && area.unrestricted?.includes(eventName) !== true) {
      const policy = 'is not allowed in this step due to policy restrictions.';
      record.issue('warning', `##vso[${command.area}.${command.event}] ${policy} ${seeDocumentation}`);
    } else {
      effect(context, command);
    }
  } catch (error) {
    record.issue('error', `Unable to process command '${line}' successfully. ${seeDocumentation}`);
    record.issue('error', (error as Error).message);
    record.failCommand();
  }
  if (areaName !== 'task' || eventName !== 'debug') record.debug(`Processed: ${unescapeCommandText(line)}`);
  return true;
}
