import { AgentWait, type AgentWaitOptions } from '../agentWait';
import type { AzureDevOps } from '../azureDevOps';
import { isRefusal, messageOf } from '../errors';
import type { World } from '../world';
import { StagePools } from './agents';
import { title, type ReleaseChild } from './child';
import { isMoving } from './releaseEnd';
import { counted, isAmong, readRelease } from './stages';
import { APPROVALS, INTERVENTIONS, type Approval, type Environment } from './wire';

export interface HeldOptions extends AgentWaitOptions {
  approvals: 'wait' | 'approve';
  approvalComment: string;
}

interface Intervention {
  status?: string;
  instructions?: string;
  releaseEnvironment?: { id?: number };
}

/** Says once for each reason what holds a stage, approves what is pending where that is wanted, and finds a deadlock with this step. */
export class HeldReport {
  private readonly said = new Set<string>();
  private readonly refused = new Set<number>();
  private readonly releases: AzureDevOps;

  private readonly agents: AgentWait;
  private readonly pools: StagePools;

  /** @param azureDevOps the organization; its releases may lie on a host of their own. */
  constructor(
    { azureDevOps, releases }: { azureDevOps: AzureDevOps; releases: AzureDevOps },
    private readonly options: HeldOptions,
    private readonly world: World,
  ) {
    this.releases = releases;
    this.agents = new AgentWait(azureDevOps, options, world, (line) => this.once(line));
    this.pools = new StagePools(azureDevOps, world);
  }

  /** A reason to give the release up, or undefined. */
  async look(child: ReleaseChild): Promise<string | undefined> {
    let hopeless: string | undefined;
    for (const environment of child.environments.filter(isMoving)) {
      const pending = pendingApprovals(environment);
      // What somebody else deploys of the same release is neither approved nor a reason to give up.
      const counts = isAmong(counted(child), environment);
      if (counts && this.options.approvals === 'approve') await this.approve(child, environment, pending);
      else for (const approval of pending) this.say(child, environment, waitsFor(approval));
      const reason = pending.length ? undefined : await this.reason(child, environment);
      if (counts) hopeless ??= reason;
    }
    return hopeless;
  }

  /** Approves what is pending of a release; gives how many approvals were given. */
  async approvePending(child: ReleaseChild): Promise<number> {
    let given = 0;
    for (const environment of child.environments)
      given += await this.approve(child, environment, pendingApprovals(environment));
    return given;
  }

  /** https://learn.microsoft.com/rest/api/azure/devops/release/approvals/update */
  private async approve(child: ReleaseChild, environment: Environment, pending: Approval[]): Promise<number> {
    let given = 0;
    for (const approval of pending.filter(({ id }) => !this.refused.has(id))) {
      try {
        await this.releases.call('PATCH', APPROVALS, {
          route: { project: child.project, approvalId: approval.id },
          body: { status: 'approved', comments: this.options.approvalComment },
          repeatable: true,
          attempts: 3,
        });
        given++;
        this.world.log.info(
          `${title(child)}: stage ${environment.name}: ${kind(approval)} approval given. ${child.url}`,
        );
      } catch (error) {
        if (await this.isGiven(child, approval)) {
          given++;
          continue;
        }
        // What passes is tried again at the next look.
        if (isRefusal(error)) this.refused.add(approval.id);
        this.world.log.warning(
          `${title(child)}: stage ${environment.name}: ${waitsFor(approval)}, and this identity may not give it: ${messageOf(error)} ${child.url}`,
        );
      }
    }
    return given;
  }

  /** Asked when the answer to an approval was lost or refused: it may have been given by that, or by somebody else. */
  private async isGiven(child: ReleaseChild, { id }: Approval): Promise<boolean> {
    const { environments = [] } = await readRelease(this.releases, child, { attempts: 2 }).catch(() => ({
      environments: [],
    }));
    return environments
      .flatMap(({ preDeployApprovals = [], postDeployApprovals = [] }: Environment) => [
        ...preDeployApprovals,
        ...postDeployApprovals,
      ])
      .some((approval) => approval.id === id && approval.status?.toLowerCase() === 'approved');
  }

  private async reason(child: ReleaseChild, environment: Environment): Promise<string | undefined> {
    const step = environment.deploySteps?.at(-1);
    const key = `${child.id}/${environment.id}`;
    if (step?.operationStatus?.toLowerCase() === 'queuedforagent') {
      const waiting = { key, title: `${title(child)}: stage ${environment.name}`, url: child.url };
      return await this.agents.look({ ...waiting, ...(await this.pools.of(child.project, environment)) });
    }
    this.agents.moves(key);
    switch (step?.operationStatus?.toLowerCase()) {
      case 'manualinterventionpending':
        this.say(child, environment, await this.intervention(child, environment));
        break;
      case 'evaluatinggates':
        this.say(child, environment, 'evaluates its gates');
        break;
      case 'scheduled':
      case 'deferred':
        this.say(child, environment, `is deferred${at(environment.scheduledDeploymentTime)}`);
        break;
      case 'queuedforpipeline':
      case 'queued':
        this.say(child, environment, 'is queued behind another deployment of that stage, or for a free parallel job');
        break;
      default:
    }
    return undefined;
  }

  private async intervention(child: ReleaseChild, environment: Environment): Promise<string> {
    try {
      const { value } = await this.releases.call<{ value?: Intervention[] }>('GET', INTERVENTIONS, {
        route: { project: child.project, releaseId: child.id },
        signal: this.world.signal,
      });
      const pending = (value.value ?? []).find(
        ({ status, releaseEnvironment }) =>
          status?.toLowerCase() === 'pending' && (releaseEnvironment?.id ?? environment.id) === environment.id,
      );
      return `waits for a manual intervention${pending?.instructions ? `: ${pending.instructions}` : ''}`;
    } catch (error) {
      this.world.log.debug(`The manual interventions could not be read: ${messageOf(error)}`);
      return 'waits for a manual intervention';
    }
  }

  private say(child: ReleaseChild, environment: Environment, what: string): void {
    this.once(`${title(child)}: stage ${environment.name} ${what}. ${child.url}`);
  }

  private once(text: string): void {
    if (this.said.has(text)) return;
    this.said.add(text);
    this.world.log.info(text);
  }
}

/** Approvals that somebody has to give now. */
export function pendingApprovals({ preDeployApprovals = [], postDeployApprovals = [] }: Environment): Approval[] {
  return [...preDeployApprovals, ...postDeployApprovals].filter(
    ({ status, isAutomated }) => status?.toLowerCase() === 'pending' && !isAutomated,
  );
}

function waitsFor(approval: Approval): string {
  const who = approval.approver?.displayName;
  return `waits for ${kind(approval)} approval${who ? ` by ${who}` : ''}`;
}

function kind({ approvalType }: Approval): string {
  return approvalType?.toLowerCase() === 'postdeploy' ? 'post-deployment' : 'pre-deployment';
}

function at(time: string | null | undefined): string {
  return time ? ` until ${time}` : '';
}
