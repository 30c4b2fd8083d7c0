import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, relative } from 'node:path';
import type { ParsedCommand } from './command';
import { type CommandArea, type CommandContext, isTrue, maySetVariable, required } from './commandArea';
import { mergeResults, parseResult } from './result';
import type { StepRecord } from './stepRecord';

/** Area `task` (AG TaskCommandExtension.cs). Messages are the agent's own where a person would read them. */
export const taskArea: CommandArea = {
  unrestricted: [
    ...['logissue', 'issue', 'complete', 'setprogress', 'setsecret', 'setvariable', 'debug'],
    ...['settaskvariable', 'prependpath', 'logdetail'],
  ],
  effects: {
    logissue,
    issue: logissue,
    complete,
    setprogress,
    logdetail,
    setvariable,
    settaskvariable,
    addattachment,
    uploadsummary,
    uploadfile,
    prependpath,
    setendpoint,
    debug: ({ record }, { data }) => record.debug(data),
    setsecret: ({ record }, { data }) => record.addSecret(data),
  },
};

function logissue({ record }: CommandContext, { properties, data }: ParsedCommand): void {
  const type = properties.type?.toLowerCase();
  if (type === undefined) {
    record.issue('warning', "Can't create TaskIssue from logging event.");
    return;
  }
  if (type !== 'error' && type !== 'warning') throw new Error(`issue type ${type} is not an expected issue type.`);
  const { sourcepath, linenumber = '', columnnumber = '', code = '' } = properties;
  const place = sourcepath === undefined ? '' : `${sourcepath}(${linenumber},${columnnumber}): ${type} ${code}: `;
  record.issue(type, place + data);
}

function complete({ record }: CommandContext, { properties, data }: ParsedCommand): void {
  const result = parseResult(properties.result);
  if (result === undefined) throw new Error("Command doesn't have valid result value.");
  record.result = mergeResults(record.result, result);
  record.message = data;
  if (isTrue(properties.done)) record.onDone();
}

function setprogress({ record }: CommandContext, { properties, data }: ParsedCommand): void {
  const text = properties.value?.trim() ?? '';
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : 0;
  record.progress.push({ value: Math.min(Math.max(value, 0), 100), text: data });
}

function logdetail({ record }: CommandContext, command: ParsedCommand): void {
  const id = required(command, 'id', "Can't update timeline record, timeline record id is not provided.");
  const known = record.details.get(id);
  const { parentid } = command.properties;
  if (known === undefined) {
    required(command, 'name', 'Name is required for this new timeline record.');
    required(command, 'type', 'Type is required for this new timeline record.');
    if (parentid !== undefined && !record.details.has(parentid)) {
      throw new Error('Parent timeline record has not been created for this new timeline record.');
    }
  } else if (parentid !== undefined && parentid !== known.parentid) {
    throw new Error("Can't change parent timeline record of an existing timeline record.");
  }
  const text = command.data === '' ? {} : { text: command.data };
  record.details.set(id, { state: 'InProgress', ...known, ...command.properties, ...text });
}

function setvariable(context: CommandContext, command: ParsedCommand): void {
  const { record } = context;
  const { variables } = record.job;
  const { properties, data } = command;
  const name = required(
    command,
    'variable',
    "Required field 'variable' is missing in ##vso[task.setvariable] command.",
  );
  if (variables.isReadOnly(name)) refuseOrWarn(record, 'variable', name);
  const secret = isTrue(properties.issecret);
  if (secret) {
    record.addSecret(data);
    refuseLines(record, data);
  }
  if (!maySetVariable(context, name)) return;
  if (secret) record.secretNames.add(name);
  const kind = { secret, preserveCase: isTrue(properties.preservecase) };
  const readOnly = isTrue(properties.isreadonly);
  if (isTrue(properties.isoutput)) {
    record.outputs[name] = data;
    variables.set(`${record.name}.${name}`, data, { ...kind, readOnly: true });
  } else if (record.outputNames.has(name.toLowerCase())) {
    record.outputs[name] = data;
    variables.set(`${record.name}.${name}`, data, { ...kind, readOnly });
  } else {
    record.variables[name] = data;
    variables.set(name, data, { ...kind, readOnly });
  }
}

function settaskvariable({ record }: CommandContext, command: ParsedCommand): void {
  const message = "Required field 'variable' is missing in ##vso[task.settaskvariable] command.";
  const name = required(command, 'variable', message);
  const known = record.taskVariables.get(name);
  if (known?.readOnly === true) refuseOrWarn(record, 'task variable', name);
  const secret = isTrue(command.properties.issecret) || known?.secret === true;
  if (secret) {
    refuseLines(record, command.data);
    record.addSecret(command.data);
  }
  const readOnly = isTrue(command.properties.isreadonly) || known?.readOnly === true;
  record.taskVariables.set(name, { value: command.data, secret, readOnly });
}

/** Overwriting what is read-only is a warning and happens, or an error where the organization has asked for that. */
function refuseOrWarn(record: StepRecord, what: string, name: string): void {
  const text = `Overwriting readonly ${what} '${name}'`;
  if (record.job.variables.isTrue('agent.readOnlyVariables')) throw new Error(`${text} is not permitted.`);
  record.issue('warning', `${text}. This behavior will be disabled in the future.`);
}

function refuseLines(record: StepRecord, secret: string): void {
  const allowed = record.job.variables.isTrue('SYSTEM_UNSAFEALLOWMULTILINESECRET');
  if (secret.includes('\n') && !allowed) throw new Error('Secrets cannot contain multiple lines');
}

function addattachment({ record }: CommandContext, command: ParsedCommand): void {
  const type = required(command, 'type', "Can't add task attachment, attachment type is not provided.");
  const name = required(command, 'name', "Can't add task attachment, attachment name is not provided.");
  record.attachments.push({ type, name, ...readAttachment(record, [type, name], command.data) });
}

function uploadfile({ record }: CommandContext, { data }: ParsedCommand): void {
  if (data === '') throw new Error('Cannot upload file because file location is not specified.');
  const name = basename(data);
  const type = 'Distributedtask.Core.FileAttachment';
  record.attachments.push({ type, name, ...readAttachment(record, [name], data) });
}

function uploadsummary({ record }: CommandContext, { data }: ParsedCommand): void {
  if (data === '') throw new Error('Cannot upload summary file, summary file location is not specified.');
  const { content, path } = readAttachment(record, [basename(data)], data);
  record.summaries.push({ name: basename(data), markdown: content, path });
}

/** Agents may demand paths below `_work`; the temp directory is the only such place that is nobody else's. */
function readAttachment(record: StepRecord, names: string[], path: string): { content: string; path: string } {
  // Only these two may not be in the name of a file on Linux.
  if (names.some((name) => /[/\0]/.test(name))) throw new Error('Name contains invalid characters. (\0, /)');
  if (!existsSync(path) || !statSync(path).isFile()) {
    const reason = 'attachment file location is not specified or attachment file does not exist on disk.';
    throw new Error(`Cannot upload task attachment file, ${reason}`);
  }
  const inside = relative(record.job.tempDirectory, path);
  if (!isAbsolute(path) || inside.startsWith('..')) {
    throw new Error(`The file '${path}' does not lie below Agent.TempDirectory, where every agent accepts it.`);
  }
  return { content: readFileSync(path, 'utf8'), path };
}

function prependpath(context: CommandContext, { data }: ParsedCommand): void {
  if (!maySetVariable(context, 'PATH')) return;
  if (data === '') throw new Error("Value cannot be null. (Parameter 'prependpath')");
  const { job } = context.record;
  job.prependedPaths = [...job.prependedPaths.filter((path) => path !== data), data];
}

function setendpoint({ record }: CommandContext, command: ParsedCommand): void {
  const { data } = command;
  if (data === '') throw new Error('Enter a valid value for setendpoint.');
  const missing = (field: string) => `Required field '${field}' is missing in ##vso[task.setendpoint] command.`;
  const field = required(command, 'field', missing('field')).toLowerCase();
  if (field === 'authparameter') record.addSecret(data);
  const id = required(command, 'id', missing('id')).toLowerCase();
  const endpoint = record.job.endpoints.find((candidate) => candidate.id === id);
  if (endpoint === undefined)
    throw new Error(`Service connection with id '${id}' is not declared in the pipeline job.`);
  if (field === 'url') {
    endpoint.url = new URL(data).href;
    return;
  }
  const key = required(command, 'key', missing('key'));
  if (field === 'dataparameter') endpoint.data = { ...endpoint.data, [key]: data };
  else if (field === 'authparameter') endpoint.parameters = { ...endpoint.parameters, [key]: data };
  else throw new Error('Invalid endpoint field. Valid values are url, dataParameter and authParameter');
}
