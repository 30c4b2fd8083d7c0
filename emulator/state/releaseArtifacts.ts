import type { EmulatorState } from './EmulatorState';
import type { ArtifactSource } from './releaseDefinitions';
import { refsOf } from './repositories';
import type { ArtifactVersion } from './releases';

/** A source outside this organization's builds and repositories, with what it offers. */
export interface OtherSource {
  /** As the service names it: GitHub, TFVC, PackageManagement, Jenkins, DockerHub, AzureContainerRepository. */
  type: string;
  /** Repository, package, job or image. */
  name: string;
  /** The newest first. */
  versions: (Pick<ArtifactVersion, 'id'> & Partial<ArtifactVersion>)[];
  /** Why the service cannot list the versions. */
  error?: string;
}

export type NewSource = string | OtherSource;

/** What a definition's artifact stands for: the name of a pipeline, `git:` and the name of a repository, or something else. */
export function sourceOf(state: EmulatorState, source: NewSource): Omit<ArtifactSource, 'alias' | 'isPrimary'> {
  if (typeof source !== 'string') return { other: source };
  if (source.startsWith('git:')) {
    const repository = state.findRepository(undefined, source.slice('git:'.length));
    return repository ? { repository } : {};
  }
  const pipeline = state.pipelines.find(({ name }) => name === source);
  if (!pipeline) throw new Error(`There is no pipeline ${source}`);
  return { pipeline };
}

/** Versions that a release could take of an artifact, the newest first: good runs of a pipeline, heads of a repository, what another source has. */
export function versionsOf(state: EmulatorState, source: ArtifactSource): ArtifactVersion[] {
  const { pipeline, repository, other } = source;
  if (other) return other.versions.map((version) => ({ name: version.id, ...version }));
  if (pipeline) {
    const good = state.runs.filter((run) => {
      const { result } = state.look(run);
      return (
        run.pipeline === pipeline &&
        run.deletedAt === undefined &&
        (result === 'succeeded' || result === 'partiallySucceeded')
      );
    });
    return good.toReversed().map((run) => ({
      id: String(run.id),
      name: run.number,
      sourceBranch: run.branch,
      sourceVersion: run.commit,
      sourceRepositoryId: pipeline.repository.id,
      sourceRepositoryType: 'TfsGit',
      definitionId: String(pipeline.id),
      definitionName: pipeline.name,
    }));
  }
  if (!repository) return [];
  return refsOf(repository).map(({ name, commit }) => ({
    id: commit,
    name: commit.slice(0, 8),
    sourceBranch: name,
    sourceVersion: commit,
    sourceRepositoryId: repository.id,
    sourceRepositoryType: 'TfsGit',
  }));
}

/** The type as the service names it. */
export function typeOf({ pipeline, other }: ArtifactSource): string {
  return other?.type ?? (pipeline ? 'Build' : 'Git');
}
