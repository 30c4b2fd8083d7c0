import type { Log } from '../lib/log';
import type { Child } from '../lib/runs/child';
import { registered } from '../lib/runs/registered';
import { setEndedOutputs, setStartedOutputs } from '../lib/runs/results';
import { uploadSummary } from '../lib/runs/summary';
import type { Context } from './triggerPipeline';

/** What the step tells while it works and at its end: outputs, progress, summary, the register. */
export class Report {
  private told = 0;

  /** @param count how many children are to come. */
  constructor(
    private readonly context: Context,
    private readonly count: number,
    private readonly log: Log,
  ) {}

  /** A child or a result is new. Outputs are set as soon as an id is known: later steps may need it although this one fails. */
  changed(children: Child[]): void {
    const { agent } = this.context;
    const started = children.filter(({ id }) => id).length;
    if (started > this.told && (this.told === 0 || started === this.count))
      setStartedOutputs(agent, children, this.log);
    this.told = started;
    const ended = children.filter(({ result }) => result).length;
    agent.setProgress(Math.floor((100 * ended) / this.count), `${ended} of ${this.count} runs ended`);
  }

  end(children: Child[]): void {
    const { agent, register, stepName } = this.context;
    if (children.length) setEndedOutputs(agent, children, { stepName, log: this.log });
    uploadSummary(agent, children, { stepName, log: this.log });
    register.close(children.filter(({ id }) => id).map(registered));
  }
}
