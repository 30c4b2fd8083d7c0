import type { Agent } from '../lib/agent';
import type { Parent } from '../lib/parent';
import type { ReleaseArtifact } from '../lib/releases/wire';
import type { WantedVersion } from '../lib/releases/versions';

/** A source that the parent has in some version. */
interface Source {
  alias: string;
  /** As the service names it, in small letters. */
  type: string;
  /** Id of the build definition, the repository, the package or the like. */
  definitionId: string | undefined;
  version: WantedVersion;
}

/**
 * The parent's versions for the artifacts that it has too: in a release by alias or by source, in a build this build and its pipeline
 * resources. Read from the job's variables, without a request.
 */
export function parentVersions(
  agent: Agent,
  parent: Parent | undefined,
  artifacts: ReleaseArtifact[],
): Map<string, WantedVersion> {
  const sources = parent?.kind === 'release' ? ofRelease(agent) : parent ? ofBuild(agent) : [];
  const versions = new Map<string, WantedVersion>();
  for (const { alias = '', type = '', definitionReference } of artifacts) {
    const definitions = definitionReference?.definition?.id?.split(',') ?? [];
    const byAlias =
      parent?.kind === 'release'
        ? sources.find((one) => same(one.alias, alias) && one.type === type.toLowerCase())
        : undefined;
    const bySource = sources.find(
      (one) =>
        one.type === type.toLowerCase() && one.definitionId !== undefined && definitions.includes(one.definitionId),
    );
    const found = byAlias ?? bySource;
    if (found) versions.set(alias, found.version);
  }
  return versions;
}

function ofRelease(agent: Agent): Source[] {
  const parts = grouped(agent, /^release\.artifacts\.(.+)\.(definitionId|buildId|buildNumber|sourceVersion|type)$/i);
  return [...parts].flatMap(([alias, part]) => {
    const type = (part.get('type') ?? 'build').toLowerCase();
    const source = { alias, type, definitionId: part.get('definitionid') };
    const id = part.get('buildid');
    if (type === 'build' && id && /^\d{1,9}$/.test(id)) return [{ ...source, version: build(id) }];
    // 'The build number or the commit identifier', says the reference of buildNumber; a commit in full is in sourceVersion.
    const isCode = ['git', 'github', 'tfvc'].includes(type);
    const text = (isCode ? part.get('sourceversion') : undefined) ?? part.get('buildnumber') ?? id;
    return text ? [{ ...source, version: { kind: 'text' as const, text } }] : [];
  });
}

function ofBuild(agent: Agent): Source[] {
  const own = { id: agent.variable('Build.BuildId'), definitionId: agent.variable('System.DefinitionId') };
  const parts = grouped(agent, /^resources\.pipeline\.(.+)\.(runID|pipelineID)$/i);
  const resources = [...parts].flatMap(([alias, part]) => {
    const id = part.get('runid');
    return id ? [{ alias, type: 'build', definitionId: part.get('pipelineid'), version: build(id) }] : [];
  });
  const self = own.id && { alias: 'self', type: 'build', definitionId: own.definitionId, version: build(own.id) };
  return self ? [self, ...resources] : resources;
}

/** Variables whose names fit, by the first group of the pattern and then by the second in small letters. */
function grouped(agent: Agent, pattern: RegExp): Map<string, Map<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  for (const { name, value } of agent.variables()) {
    const [, group, part] = pattern.exec(name) ?? [];
    if (group === undefined || part === undefined || !value) continue;
    const parts = groups.get(group.toLowerCase()) ?? new Map<string, string>();
    groups.set(group.toLowerCase(), parts.set(part.toLowerCase(), value));
  }
  return groups;
}

function build(id: string): WantedVersion {
  return { kind: 'build', id: Number(id) };
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
