import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ParsedCommand } from './command';
import { type CommandArea, type CommandContext, required } from './commandArea';
import type { StepRecord } from './stepRecord';

/** Areas whose commands change something at the service (AG Build/*.cs, Release/ReleaseCommandExtension.cs). */
export const serverAreas: Record<string, CommandArea> = {
  build: { effects: { addbuildtag, updatebuildnumber, uploadlog: uploadNothing, uploadsummary: uploadNothing } },
  artifact: { hosts: ['build', 'release'], effects: { upload, associate } },
  release: { hosts: ['release', 'deployment'], effects: { updatereleasename } },
  telemetry: { effects: { publish: () => undefined }, unrestricted: ['publish'] },
  results: { effects: { publish: () => undefined } },
  codecoverage: { effects: { publish: () => undefined } },
};

function addbuildtag({ record }: CommandContext, { data }: ParsedCommand): void {
  const tag = data.trim();
  if (tag === '') throw new Error('Build tag is required.');
  warnOfForeignBuild(record, 'build.addbuildtag');
  // The service's answer comes after the step's process has ended.
  if (tag.includes(':')) record.lateErrors.push(`Build tag '${tag}' was not added successfully.`);
  else record.tags.push(tag);
}

function updatebuildnumber({ record }: CommandContext, { data }: ParsedCommand): void {
  if (data === '') throw new Error('Build number is required.');
  warnOfForeignBuild(record, 'build.updatebuildnumber');
  record.job.variables.set('build.buildNumber', data);
  if (/["/:<>\\|?@*]/.test(data))
    record.lateErrors.push(`The build number '${data}' has characters that are not allowed.`);
  else record.buildNumber = data;
}

/** In a release `Build.BuildId` is the artifact's build, which is not the task's to change. */
function warnOfForeignBuild(record: StepRecord, command: string): void {
  if (host(record) === 'build') return;
  record.problems.push(`${command} in a ${host(record)} changes build ${record.job.variables.get('build.buildId')}.`);
}

function uploadNothing({ record }: CommandContext, command: ParsedCommand): void {
  if (!existsSync(command.data)) throw new Error(`The file '${command.data}' does not exist.`);
  record.problems.push(`build.${command.event} is deprecated.`);
}

function upload({ record }: CommandContext, command: ParsedCommand): void {
  const name = required(command, 'artifactname', 'Artifact Name is required.');
  if (command.data === '') throw new Error('Artifact location is required.');
  if (host(record) !== 'build') throw new Error(`Uploading server artifact is not supported in ${host(record)}.`);
  const location = resolve(command.data);
  if (!existsSync(location)) throw new Error(`Path does not exist: ${command.data}`);
  record.artifacts.push({ name, type: 'container', location });
}

function associate({ record }: CommandContext, command: ParsedCommand): void {
  const name = required(command, 'artifactname', 'Artifact Name is required.');
  const type = required(
    command,
    'artifacttype' in command.properties ? 'artifacttype' : 'type',
    'Artifact Type is required.',
  );
  record.artifacts.push({ name, type, location: command.data });
}

function updatereleasename({ record }: CommandContext, { data }: ParsedCommand): void {
  if (data === '') throw new Error('Release name is required.');
  record.job.variables.set('release.releaseName', data);
}

function host(record: StepRecord): string {
  return record.job.variables.get('system.hosttype')?.toLowerCase() ?? '';
}
