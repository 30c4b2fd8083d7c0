import type { AzureDevOps } from '../azureDevOps';
import { AgentWait, type AgentWaitOptions } from '../agentWait';
import { ApiError, isRefusal, messageOf } from '../errors';
import type { World } from '../world';
import { approve, pendingChecks, readApprovals, waitingFor, type Approval } from './approvals';
import { title, type Child } from './child';
import { NO_STAGES } from './timeline';
import type { TimelineRecord } from './wire';

export interface BlockOptions extends AgentWaitOptions {
  approvals: 'wait' | 'approve';
  approvalComment: string;
}

/**
 * Says why runs do not move, once per reason: an approval, a check, a permission, no agent. Approves what it may where that is wanted,
 * and finds the deadlock of a child that waits for the agent of this very step.
 */
export class BlockReport {
  private readonly said = new Set<string>();
  private readonly tried = new Set<string>();
  private readonly agents: AgentWait;

  constructor(
    private readonly azureDevOps: AzureDevOps,
    private readonly options: BlockOptions,
    private readonly world: World,
  ) {
    this.agents = new AgentWait(azureDevOps, options, world, (line) => this.once(line));
  }

  /** A reason to give the child up, or undefined. */
  async look(child: Child, records: TimelineRecord[]): Promise<string | undefined> {
    await this.checks(child, records);
    const key = String(child.id);
    if (!waitsForAgent(child, records)) {
      this.agents.moves(key);
      return undefined;
    }
    const { pool, queuePosition, demands = [] } = child.progress;
    return await this.agents.look({ key, title: title(child), url: child.url, pool, demands, queuePosition });
  }

  /** Approves what is pending of a child; gives how many approvals it gave. */
  async approvePending(child: Child, records: TimelineRecord[]): Promise<number> {
    const ids = approvalIds(records).filter((id) => !this.tried.has(id));
    const pending = (await readApprovals(this.azureDevOps, child.project, ids, this.world)).filter(
      ({ status }) => status === 'pending',
    );
    let approved = 0;
    for (const { id } of pending) {
      this.tried.add(id);
      try {
        await approve(this.azureDevOps, child.project, [id], this.options.approvalComment);
        approved++;
        this.world.log.info(`${title(child)}: approved. ${child.url}`);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (await this.isApproved(child, id)) {
          approved++;
          continue;
        }
        // What passes is tried again at the next look.
        if (!isRefusal(error)) this.tried.delete(id);
        this.world.log.warning(`${title(child)}: this identity could not approve. ${messageOf(error)} ${child.url}`);
      }
    }
    return approved;
  }

  /** Asked when the answer to an approval was lost or refused: it may have been given by that, or by somebody else. */
  private async isApproved({ project }: Child, id: string): Promise<boolean> {
    const [approval] = await readApprovals(this.azureDevOps, project, [id], this.world).catch(() => []);
    return approval?.status === 'approved';
  }

  private async checks(child: Child, records: TimelineRecord[]): Promise<void> {
    const pending = pendingChecks(records);
    if (!pending.length) return;
    if (this.options.approvals === 'approve') await this.approveWhatIsPossible(child, records);
    const approvals = await this.approvals(child, records);
    for (const { record, stage } of pending) {
      const approval = approvals.find(({ id }) => id === record.id);
      if (approval && approval.status !== 'pending') continue;
      const where = stage && stage !== NO_STAGES ? ` before stage ${stage}` : '';
      // A stage that runs again waits again, for an approval of its own.
      this.say(child, `${whatFor(record, approval)}${where}. ${child.url}`, record.id);
    }
  }

  /** While waiting, approving is an extra: what cannot be read is approved by somebody else. */
  private async approveWhatIsPossible(child: Child, records: TimelineRecord[]): Promise<void> {
    try {
      await this.approvePending(child, records);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.say(child, `: its approvals cannot be read with this identity. ${messageOf(error)} ${child.url}`);
    }
  }

  private async approvals(child: Child, records: TimelineRecord[]): Promise<Approval[]> {
    try {
      return await readApprovals(this.azureDevOps, child.project, approvalIds(records), this.world);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.world.log.debug(`${title(child)}: its approvals cannot be read: ${messageOf(error)}`);
      return [];
    }
  }

  /** @param about what makes the same words news. */
  private say(child: Child, text: string, about = ''): void {
    this.once(`${title(child)} ${text}`, about);
  }

  private once(line: string, about = ''): void {
    const key = `${about} ${line}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.world.log.info(line);
  }
}

function approvalIds(records: TimelineRecord[]): string[] {
  return pendingChecks(records)
    .filter(({ record }) => record.type === 'Checkpoint.Approval')
    .map(({ record }) => record.id);
}

function whatFor(record: TimelineRecord, approval: Approval | undefined): string {
  switch (record.type) {
    case 'Checkpoint.Approval': {
      const people = approval ? waitingFor(approval) : [];
      return `waits for approval${people.length ? ` by ${people.join(', ')}` : ''}`;
    }
    case 'Checkpoint.Authorization':
      return `waits for a permission to use ${record.name ? `'${record.name}'` : 'a resource'}; somebody has to permit it on the run's page`;
    default:
      return `waits for the check '${record.name ?? record.type ?? ''}'`;
  }
}

/** True when nothing but an agent is missing: a job could run, and no job does. */
function waitsForAgent({ progress }: Child, records: TimelineRecord[]): boolean {
  const jobs = records.filter(({ type }) => type === 'Job');
  if (jobs.some(({ state }) => state === 'inProgress')) return false;
  if (progress.status === 'notStarted') return true;
  const byId = new Map(records.map((record) => [record.id, record]));
  return jobs.some(({ state, parentId }) => state === 'pending' && byId.get(parentId ?? '')?.state === 'inProgress');
}
