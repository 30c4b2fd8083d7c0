import type { Agent } from '../agent';
import { ownAgentOf } from '../agentWait';
import type { AzureDevOps } from '../azureDevOps';
import type { Parent } from '../parent';
import type { Verdict } from '../verdict';
import type { WaitingInputs } from '../waitingInputs';
import type { World } from '../world';
import { BlockReport } from './blocked';
import { cancelRuns } from './cancel';
import type { Child } from './child';
import { LogPrinter } from './logs';
import { runFailedStagesAgain } from './runAgain';
import { readTimeline } from './timeline';
import type { WatchOptions } from './watch';
import type { TimelineRecord } from './wire';

interface Surroundings {
  agent: Agent;
  azureDevOps: AzureDevOps;
  parent: Parent | undefined;
}

/** What is done with what the timelines of running children tell: logs, reasons for standing still, approvals, another try. */
export class Observer implements Pick<WatchOptions, 'observe' | 'runAgain'> {
  private readonly blocked: BlockReport;
  private readonly logs: LogPrinter | undefined;
  private readonly triesLeft = new Map<number, number>();

  constructor(
    private readonly waiting: WaitingInputs,
    private readonly around: Surroundings,
    private readonly world: World,
  ) {
    const { agent, azureDevOps, parent } = around;
    const ownAgent = ownAgentOf(agent, parent?.organization === azureDevOps.account.url);
    const approvalComment = waiting.approvalComment.replaceAll('<parent link>', parent?.url ?? 'Pipeline Cascade');
    const { approvals, onDeadlock } = waiting;
    this.blocked = new BlockReport(azureDevOps, { approvals, approvalComment, onDeadlock, ownAgent }, world);
    this.logs = waiting.progress === 'logs' ? new LogPrinter(azureDevOps, world) : undefined;
  }

  observe = async (child: Child, records: TimelineRecord[]): Promise<string | undefined> => {
    await this.logs?.print(child, records);
    if (child.progress.status === 'completed') return undefined;
    const hopeless = await this.blocked.look(child, records);
    if (hopeless) await cancelRuns(this.around.azureDevOps, [child], this.world.log);
    return hopeless;
  };

  runAgain = async (child: Child, records: TimelineRecord[]): Promise<boolean> => {
    const left = this.triesLeft.get(child.id) ?? this.waiting.retryFailedStages;
    if (left === 0 || child.taken) return false;
    this.triesLeft.set(child.id, left - 1);
    if (!(await runFailedStagesAgain(this.around.azureDevOps, child, records, this.world))) return false;
    child.attempt++;
    return true;
  };

  /** Approves what is pending of these runs and waits for nothing. */
  async approveAll(children: Child[]): Promise<Verdict> {
    const { azureDevOps } = this.around;
    let approved = 0;
    for (const child of children) {
      approved += await this.blocked.approvePending(child, await readTimeline(azureDevOps, child, this.world.signal));
    }
    if (approved) return { result: 'Succeeded', message: `${approved} approval(s) given.` };
    return {
      result: 'Failed',
      message: `Nothing was approved: no approval is pending that this identity may give. ${children.map(({ url }) => url).join(' , ')}`,
    };
  }
}
