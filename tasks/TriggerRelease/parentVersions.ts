import type { Agent } from '../lib/agent';
import type { Parent } from '../lib/parent';
import type { ReleaseArtifact } from '../lib/releases/wire';
import type { WantedVersion } from '../lib/releases/versions';

/** A source that the parent has in some version. */
interface Source {
  alias: string;
  /** Id of the build definition; of another kind of source undefined. */
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
    const isBuild = type.toLowerCase() === 'build';
    const definitions = definitionReference?.definition?.id?.split(',') ?? [];
    const byAlias = parent?.kind === 'release' ? sources.find((one) => same(one.alias, alias)) : undefined;
    const bySource = sources.find(
      ({ definitionId }) => isBuild && definitionId !== undefined && definitions.includes(definitionId),
    );
    const found = byAlias ?? bySource;
    if (found) versions.set(alias, found.version);
  }
  return versions;
}

function ofRelease(agent: Agent): Source[] {
  const parts = grouped(agent, /^release\.artifacts\.(.+)\.(definitionId|buildId|buildNumber|sourceVersion|type)$/i);
  return [...parts].flatMap(([alias, part]) => {
    const isBuild = (part.get('type') ?? 'build').toLowerCase() === 'build';
    const id = part.get('buildid');
    const definitionId = isBuild ? part.get('definitionid') : undefined;
    const name = isBuild ? part.get('buildnumber') : (part.get('sourceversion') ?? part.get('buildnumber'));
    if (isBuild && id && /^\d{1,9}$/.test(id)) return [{ alias, definitionId, version: build(id) }];
    return name ? [{ alias, definitionId, version: { kind: 'text' as const, text: name } }] : [];
  });
}

function ofBuild(agent: Agent): Source[] {
  const own = { id: agent.variable('Build.BuildId'), definitionId: agent.variable('System.DefinitionId') };
  const parts = grouped(agent, /^resources\.pipeline\.(.+)\.(runID|pipelineID)$/i);
  const resources = [...parts].flatMap(([alias, part]) => {
    const id = part.get('runid');
    return id ? [{ alias, definitionId: part.get('pipelineid'), version: build(id) }] : [];
  });
  return own.id ? [{ alias: 'self', definitionId: own.definitionId, version: build(own.id) }, ...resources] : resources;
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
