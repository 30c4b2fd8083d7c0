import type { EmulatorState } from './EmulatorState';
import type { Access, Identity } from './identity';
import { folderPath } from './pipelines';
import { Refusal } from './refusal';
import { sourceOf, versionsOf, type NewSource } from './releaseArtifacts';
import {
  plansOf,
  type ArtifactSource,
  type NewEnvironment,
  type ReleaseDefinition,
  type ReleaseScriptSource,
} from './releaseDefinitions';
import {
  deploymentsOf,
  environmentView,
  releaseStatus,
  type ArtifactVersion,
  type Release,
  type ReleaseEnvironment,
} from './releases';
import type { ReleaseAttachment } from './releaseAttachments';
import type { DeploymentSpan, InterventionSpan, ReleaseApprovalSpan } from './deployments';
import { declaredVariables, type VariableGiven } from './rootYaml';

export interface NewDefinition {
  project?: string;
  name: string;
  folder?: string;
  id?: number;
  stages: NewEnvironment[];
  /** Alias → source; the first one is the primary. */
  artifacts?: Record<string, NewSource>;
  variables?: Record<string, VariableGiven>;
  disabled?: boolean;
  script?: ReleaseScriptSource;
}

export interface NewRelease {
  description?: string;
  draft?: boolean;
  reason?: string;
  manualEnvironments?: string[];
  artifacts?: { alias: string; versionId: string }[];
  variables?: Record<string, string>;
  environmentVariables?: Record<number, Record<string, string>>;
  createdFor?: Identity;
  properties?: Record<string, string>;
}

export interface PendingApproval {
  release: Release;
  environment: ReleaseEnvironment;
  deployment: DeploymentSpan;
  approval: ReleaseApprovalSpan;
}

export interface PendingIntervention {
  release: Release;
  environment: ReleaseEnvironment;
  intervention: InterventionSpan;
}

/** The releases of an organization: definitions, releases, and what can be done to them. */
export class ReleaseArea {
  readonly definitions: ReleaseDefinition[] = [];
  readonly releases: Release[] = [];
  private nextId = 301;

  constructor(private readonly state: EmulatorState) {}

  addDefinition(options: NewDefinition): ReleaseDefinition {
    const project = options.project === undefined ? this.state.projects[0] : this.state.findProject(options.project);
    if (!project) throw new Error(`There is no project ${options.project ?? ''}`);
    const id = options.id ?? this.definitions.length + 1;
    const definition: ReleaseDefinition = {
      id,
      name: options.name,
      path: folderPath(options.folder),
      project,
      createdAt: this.state.now,
      createdBy: this.state.owner,
      disabled: options.disabled ?? false,
      deleted: false,
      environments: plansOf(options.stages, id),
      artifacts: Object.entries(options.artifacts ?? {}).map(([alias, source], index) => ({
        alias,
        isPrimary: index === 0,
        ...sourceOf(this.state, source),
      })),
      variables: declaredVariables(options.variables ?? {}),
      ...(options.script === undefined ? {} : { script: options.script }),
    };
    this.definitions.push(definition);
    return definition;
  }

  versions(source: ArtifactSource): ArtifactVersion[] {
    return versionsOf(this.state, source);
  }

  /** Creates a release as the service would; throws a Refusal. The texts of these refusals are not published. */
  create(definition: ReleaseDefinition, options: NewRelease = {}, by = this.state.owner): Release {
    if (definition.disabled) throw invalid(`The release pipeline ${definition.name} is disabled.`);
    const unsettable = Object.keys(options.variables ?? {}).filter(
      (name) => definition.variables[name]?.allowOverride !== true,
    );
    if (unsettable.length > 0) throw invalid(`The variables ${unsettable.join(', ')} cannot be set at release time.`);
    for (const name of options.manualEnvironments ?? []) {
      if (!definition.environments.some((plan) => plan.name === name))
        throw invalid(`The release pipeline ${definition.name} has no stage ${name}.`);
    }
    for (const { alias } of options.artifacts ?? []) {
      if (!definition.artifacts.some((source) => source.alias === alias))
        throw invalid(`The release pipeline ${definition.name} has no artifact with the alias ${alias}.`);
    }
    const id = this.nextId++;
    const number = this.releases.filter((release) => release.definition === definition).length + 1;
    const release: Release = {
      id,
      name: `Release-${number}`,
      definition,
      createdAt: this.state.now,
      createdBy: by,
      createdFor: options.createdFor ?? by,
      description: options.description ?? '',
      draft: options.draft ?? false,
      reason: options.reason ?? 'manual',
      manualEnvironments: options.manualEnvironments ?? [],
      artifacts: definition.artifacts.map((source) => ({ source, version: this.chosenVersion(source, options) })),
      variables: { ...valuesOf(definition.variables), ...options.variables },
      environments: definition.environments.map((plan, index) => ({
        id: id * 10 + index + 1,
        plan,
        variables: { ...valuesOf(plan.variables), ...options.environmentVariables?.[plan.id] },
      })),
      events: [],
      attachments: [],
      tags: [],
      properties: options.properties ?? {},
      keepForever: false,
      deleted: false,
    };
    this.releases.push(release);
    return release;
  }

  private chosenVersion(source: ArtifactSource, options: NewRelease): ArtifactVersion {
    const wanted = options.artifacts?.find(({ alias }) => alias === source.alias)?.versionId;
    const versions = this.versions(source);
    const found =
      wanted === undefined ? versions[0] : (versions.find(({ id }) => id === wanted) ?? older(source, wanted));
    if (found) return found;
    throw invalid(
      wanted === undefined
        ? `No version is available for the artifact ${source.alias}.`
        : `The artifact ${source.alias} has no version ${wanted}.`,
    );
  }

  /** Attaches something to a stage's attempt of now, in place of what has the same type and name there. */
  addAttachment(
    release: Release,
    environment: string,
    attachment: Omit<ReleaseAttachment, 'environment' | 'attempt'>,
  ): void {
    const attempts = deploymentsOf(release).get(environment) ?? [];
    const attempt = attempts.filter(({ queuedAt }) => queuedAt <= this.state.now).length;
    if (!attempt) throw new Error(`The stage ${environment} of ${release.name} is not being deployed.`);
    const added: ReleaseAttachment = { ...attachment, environment, attempt };
    const isSame = (other: ReleaseAttachment): boolean =>
      (['environment', 'attempt', 'type', 'name'] as const).every((field) => other[field] === added[field]);
    release.attachments = [...release.attachments.filter((other) => !isSame(other)), added];
  }

  find(id: number): Release | undefined {
    return this.releases.find((release) => release.id === id && !release.deleted);
  }

  /** Deploys a stage now, or at a time; throws where it is being deployed already or the release is not active. */
  deploy(release: Release, environment: ReleaseEnvironment, options: { scheduledAt?: number; by?: string } = {}): void {
    const { status } = environmentView(release, environment, this.state.now);
    if (releaseStatus(release) !== 'active') throw invalid(`The release ${release.name} is not active.`);
    if (['inProgress', 'queued', 'scheduled'].includes(status))
      throw invalid(`The stage ${environment.plan.name} is already ${status}.`);
    const at = this.state.now;
    const by = options.by ?? this.state.owner.displayName;
    release.events.push({
      kind: 'deploy',
      at,
      environment: environment.plan.name,
      scheduledAt: options.scheduledAt ?? at,
      by,
    });
  }

  cancel(release: Release, environment: ReleaseEnvironment): void {
    const { status } = environmentView(release, environment, this.state.now);
    if (!['inProgress', 'queued', 'scheduled'].includes(status))
      throw invalid(`The stage ${environment.plan.name} is not in progress.`);
    release.events.push({ kind: 'cancel', at: this.state.now, environment: environment.plan.name });
  }

  /** Every approval that has been asked for by now. */
  approvals(): PendingApproval[] {
    return this.attempts().flatMap(({ release, environment, deployment }) =>
      deployment.approvals
        .filter((approval) => approval.askedAt <= this.state.now)
        .map((approval) => ({ release, environment, deployment, approval })),
    );
  }

  /** pending until somebody answers or the deployment is over. */
  approvalStatus({ approval, deployment }: PendingApproval): string {
    if (approval.answeredAt <= this.state.now) return approval.status;
    return deployment.finishAt <= this.state.now ? 'canceled' : 'pending';
  }

  interventions(release: Release): PendingIntervention[] {
    return this.attempts()
      .filter((entry) => entry.release === release)
      .flatMap(({ environment, deployment: { intervention } }) =>
        intervention && intervention.askedAt <= this.state.now ? [{ release, environment, intervention }] : [],
      );
  }

  answerApproval(
    pending: PendingApproval,
    answer: { status: 'approved' | 'rejected'; comment: string },
    access: Access,
  ): void {
    const { approver, id } = pending.approval;
    const { displayName, uniqueName } = access.identity;
    const own = [displayName.toLowerCase(), uniqueName.toLowerCase()].includes(approver.toLowerCase());
    if (!own && access.denied.includes('manageReleaseApprovers')) {
      throw new Refusal(
        403,
        'AccessDeniedException',
        `VS402904: Access denied: User ${displayName} does not have manage release approvers permission. Contact your release manager.`,
      );
    }
    if (this.approvalStatus(pending) !== 'pending') throw invalid(`The approval ${id} is not pending.`);
    pending.release.events.push({ kind: 'approval', at: this.state.now, approvalId: id, by: displayName, ...answer });
  }

  answerIntervention(pending: PendingIntervention, answer: { status: 'approved' | 'rejected'; comment: string }): void {
    pending.release.events.push({
      kind: 'intervention',
      at: this.state.now,
      interventionId: pending.intervention.id,
      ...answer,
    });
  }

  /** All deployments of all releases that have begun. */
  attempts(): { release: Release; environment: ReleaseEnvironment; deployment: DeploymentSpan }[] {
    return this.releases
      .filter((release) => !release.deleted)
      .flatMap((release) => {
        const all = deploymentsOf(release);
        return release.environments.flatMap((environment) =>
          (all.get(environment.plan.name) ?? [])
            .filter((deployment) => deployment.queuedAt <= this.state.now)
            .map((deployment) => ({ release, environment, deployment })),
        );
      });
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'InvalidRequestException', message);
}

function valuesOf(variables: Record<string, { value: string }>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, { value }]) => [name, value]));
}

/** A list of versions is short; commits and changesets that it does not hold are taken all the same. */
function older({ repository, other }: ArtifactSource, id: string): ArtifactVersion | undefined {
  const isCommit = repository !== undefined || other?.type === 'GitHub';
  if (isCommit ? /^[0-9a-f]{40}$/.test(id) : other?.type === 'TFVC' && /^\d+$/.test(id)) return { id, name: id };
  return undefined;
}
