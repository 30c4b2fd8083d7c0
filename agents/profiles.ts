import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { Profile } from './plan/demands';

/** A profile with what its agents are made of. */
export interface ProfileSettings extends Profile {
  image?: string;
  /** Path of a full Job in YAML. */
  jobDefinitionFile?: string;
  cpu?: number;
  memoryGb?: number;
}

/** The agents that `JOB_IMAGE` and `JOB_DEFINITION_FILE` describe. */
export function defaultProfile(settings: { image?: string; jobDefinitionFile?: string }): ProfileSettings {
  return { name: 'default', capabilities: {}, namesAgents: true, ...settings };
}

const keys = ['capabilities', 'image', 'jobDefinitionFile', 'cpu', 'memoryGb', 'hosts'];

/**
 * Reads the profiles file: a map from a profile's name to `capabilities` (a list of names, or a map to values), `image`,
 * `jobDefinitionFile` (from the file's own folder), `cpu`, `memoryGb`, `hosts`. What a profile leaves out it has from the default
 * profile, which stands first in the answer and may itself be named in the file. Problems are sentences.
 */
export function readProfiles(
  path: string,
  content: string,
  first: ProfileSettings,
): { profiles: ProfileSettings[]; problems: string[] } {
  const document = parseDocument(content, { schema: 'failsafe' });
  const [error] = document.errors;
  if (error) return { profiles: [first], problems: [`${path} is not YAML: ${error.message.split('\n')[0] ?? ''}.`] };
  const root: unknown = document.toJS();
  if (!isMap(root))
    return { profiles: [first], problems: [`${path} is not a map from the names of profiles to their settings.`] };
  const problems: string[] = [];
  const profiles = Object.entries(root).map(([name, settings]) =>
    readProfile({ path, name, settings, first, problems }),
  );
  const own = profiles.find(({ name }) => name === first.name);
  return { profiles: [own ?? first, ...profiles.filter((profile) => profile !== own)], problems };
}

interface Entry {
  path: string;
  name: string;
  settings: unknown;
  first: ProfileSettings;
  problems: string[];
}

function readProfile({ path, name, settings, first, problems }: Entry): ProfileSettings {
  const where = `${path}: profile '${name}'`;
  // The name is part of the placeholder's, and a label of the Job.
  if (!/^[a-z0-9]([-a-z0-9]{0,14}[a-z0-9])?$/.test(name)) {
    problems.push(`${where}: a name has at most 16 lower-case letters, digits and -.`);
  }
  if (!isMap(settings)) {
    problems.push(`${where} has no settings: give it capabilities, and an image or a jobDefinitionFile.`);
    return { ...first, name };
  }
  for (const key of Object.keys(settings)) {
    if (!keys.includes(key)) problems.push(`${where} sets ${key}, which is not one of ${keys.join(', ')}.`);
  }
  const { image, jobDefinitionFile } = settings;
  return {
    ...first,
    name,
    capabilities: readCapabilities(where, settings.capabilities, problems),
    ...(typeof image === 'string' && { image }),
    ...(typeof jobDefinitionFile === 'string' && { jobDefinitionFile: resolve(dirname(path), jobDefinitionFile) }),
    ...readSize(where, settings, problems),
    ...(settings.hosts !== undefined && { hosts: readHosts(where, settings.hosts, problems) }),
  };
}

function readCapabilities(where: string, value: unknown, problems: string[]): Record<string, string> {
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((name) => [String(name), ''])
    : Object.entries(isMap(value) ? value : {});
  if (value !== undefined && !Array.isArray(value) && !isMap(value)) {
    problems.push(`${where}: capabilities are a list of names, or a map from names to values.`);
  }
  for (const [name, text] of entries) {
    // The agent finds them as environment variables of its container.
    if (!/^[A-Za-z_][\w.-]*$/.test(name) || typeof text !== 'string') {
      problems.push(
        `${where}: the capability '${name}' has to be a name of letters, digits, _ . - with one text as its value.`,
      );
    }
  }
  return Object.fromEntries(entries.map(([name, text]) => [name, typeof text === 'string' ? text : '']));
}

function readSize(
  where: string,
  settings: Record<string, unknown>,
  problems: string[],
): { cpu?: number; memoryGb?: number } {
  const size: { cpu?: number; memoryGb?: number } = {};
  for (const key of ['cpu', 'memoryGb'] as const) {
    const value = settings[key];
    if (value === undefined) continue;
    if (typeof value === 'string' && /^\d{1,3}(\.\d{1,3})?$/.test(value) && Number(value) > 0)
      size[key] = Number(value);
    else problems.push(`${where}: ${key} is ${JSON.stringify(value)}: write a number above 0.`);
  }
  return size;
}

function readHosts(where: string, value: unknown, problems: string[]): string[] {
  const hosts = (Array.isArray(value) ? value : [value]).map(String);
  if (!hosts.every((host) => host === 'kubernetes' || host === 'aci')) {
    problems.push(`${where}: hosts is '${hosts.join(', ')}': write kubernetes, aci, or both.`);
  }
  return hosts;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
