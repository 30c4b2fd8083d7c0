import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from './agent';
import { messageOf } from './errors';
import type { World } from './world';
import type { Parent } from './parent';

/** One child as the register keeps it; the schema is part of the contract (`version: 1`). */
export interface RegisteredChild {
  organization: string;
  project: string;
  kind: 'run' | 'release';
  id: number;
  name: string;
  number: string;
  url: string;
  item: string;
  attempt: number;
  /** Empty while it is not known. */
  result: string;
}

export interface RegisterDocument {
  version: 1;
  task: string;
  step: string;
  children: RegisteredChild[];
  /** What a stale check says of each Dockerfile, as its report holds it. */
  dockerfiles?: unknown[];
  /** Starts that were sent and not answered when this was written; only while there are any. */
  starting?: OpenStart[];
}

/** A start without an answer, as far as everybody may know it who may see the parent. */
export interface OpenStart {
  item: string;
  /** Epoch milliseconds on the server's clock. */
  sentAt: number;
  /** Where the job itself remembers it: the request, secrets left out. */
  request?: unknown;
}

/** A start that was sent and not yet answered: what a retry or the post-job part needs to find its run. */
export interface Intent extends OpenStart {
  /** The request of the start, secrets left out; in the file of the job only, because it holds the values of parameters. */
  request: unknown;
}

/** What the file in the agent's temporary folder holds beside the document, for a retry and for the post-job part. */
interface RegisterFile extends RegisterDocument {
  /** The step ended by itself: what still runs was left running on purpose. */
  closed: boolean;
  /** The step was told to stop; what it could not cancel the post-job part does. */
  canceling: boolean;
  /** Starts that were sent and not answered: their runs have to be looked for. */
  open: Intent[];
}

export const ATTACHMENT_TYPE = 'pipeline-cascade';
/** Name of the task variable by which the post-job part finds the file. */
const FILE_VARIABLE = 'CASCADE_REGISTER';
const BETWEEN_ATTACHMENTS_MS = 10_000;

/**
 * The register of the children of a step: a JSON document attached to the parent, by which later steps, retries and the Runs tab find
 * them, and a file for this job. Nothing in it ever fails a step: a refusal is one warning.
 */
export class Register {
  /** What earlier attempts of this step left: children, and starts without an answer. */
  earlier: { children: RegisteredChild[]; open: OpenStart[] };
  private attachedAt = -Infinity;
  private openAttachedAt = -Infinity;
  private warned = false;
  /** Attached only: the file is written at every change and is not read for them. */
  private dockerfiles: unknown[] = [];

  private constructor(
    private readonly agent: Agent,
    private readonly world: World,
    private state: RegisterFile,
    private readonly file?: string,
  ) {
    // What the earlier attempt of this step in the same job left: children, and starts without an answer.
    const { children = [], open = [] } = readFile(file ?? '') ?? {};
    this.earlier = { children, open };
    this.state = { ...state, children, open };
  }

  /** @param task name of the task. Without a parent (in a shell) nothing is kept. */
  static open(agent: Agent, task: string, parent: Parent | undefined, world: World): Register {
    const step = stepNameOf(parent);
    const temporary = agent.variable('Agent.TempDirectory');
    const state: RegisterFile = { version: 1, task, step, children: [], closed: false, canceling: false, open: [] };
    if (!parent || !temporary) return new Register(agent, world, state);
    const file = path.join(temporary, `pipeline-cascade.${step}.json`);
    agent.setTaskVariable(FILE_VARIABLE, file);
    return new Register(agent, world, state, file);
  }

  /** Takes on what an earlier attempt attached to the parent, where this job has no file of it: the job was run again, on any agent. */
  takeOn({ children, open }: { children: RegisteredChild[]; open: OpenStart[] }): void {
    if (this.earlier.children.length) return;
    this.earlier = { children, open: this.earlier.open.length ? this.earlier.open : open };
    this.state = { ...this.state, children };
  }

  /** Keeps the children as they stand: in the file at once, attached to the parent at most every few seconds. */
  put(children: RegisteredChild[]): void {
    // A start is no longer open in the very document that names its child: a kill in between must lose neither.
    const named = new Set(children.map(({ item }) => item));
    const open = this.state.open.filter(({ item }) => !named.has(item));
    this.state = { ...this.state, children: this.withEarlier(children), open };
    this.write();
    if (this.world.clock.now() - this.attachedAt >= BETWEEN_ATTACHMENTS_MS) this.attach();
  }

  /** Notes a start before it is sent: whoever finds this step killed can look for its run. */
  starting(intent: Intent): void {
    this.state = { ...this.state, open: [...this.state.open, intent] };
    this.write();
  }

  /** Attaches the starts that are not answered; a rerun of the job on another agent finds them there and nowhere else. */
  attachOpen(): void {
    // Not counted with the others: the id that comes next is attached at once all the same.
    if (this.world.clock.now() - this.openAttachedAt < BETWEEN_ATTACHMENTS_MS) return;
    const { attachedAt } = this;
    this.attach();
    this.openAttachedAt = this.attachedAt;
    this.attachedAt = attachedAt;
  }

  /** The start of this item has its answer, or was decided against. */
  answered(item: string): void {
    this.state = { ...this.state, open: this.state.open.filter((intent) => intent.item !== item) };
    this.write();
  }

  canceling(): void {
    this.state = { ...this.state, canceling: true };
    this.write();
  }

  /** Keeps what a stale check found, so that the Runs tab can show it while the rebuilds still run. */
  putDockerfiles(dockerfiles: unknown[]): void {
    this.dockerfiles = dockerfiles;
    this.attach();
  }

  /** The step has its verdict; the document is attached for the last time. */
  close(children: RegisteredChild[]): void {
    this.state = { ...this.state, children: this.withEarlier(children), closed: true };
    this.write();
    if (this.state.children.length || this.dockerfiles.length) this.attach();
  }

  /** What an earlier attempt left and this one has not come to yet stays known: the next attempt must not start it again. */
  private withEarlier(children: RegisteredChild[]): RegisteredChild[] {
    const items = new Set(children.map(({ item }) => item));
    return [...this.earlier.children.filter(({ item }) => !items.has(item)), ...children];
  }

  private attach(): void {
    const { file } = this;
    if (!file) return;
    this.attachedAt = this.world.clock.now();
    const { version, task, step, children, open } = this.state;
    const { dockerfiles } = this;
    const starting = open.map(({ item, sentAt }) => ({ item, sentAt }));
    const document: RegisterDocument = {
      ...{ version, task, step, children },
      ...(starting.length && { starting }),
      ...(dockerfiles.length && { dockerfiles }),
    };
    this.extra(() => {
      // The agent reads it when it comes to it, perhaps in the middle of the next writing: it finds the old one or the new one whole.
      fs.writeFileSync(`${file}.attachment.new`, JSON.stringify(document));
      fs.renameSync(`${file}.attachment.new`, `${file}.attachment`);
      this.agent.attach(ATTACHMENT_TYPE, step, `${file}.attachment`);
    });
  }

  private write(): void {
    const { file } = this;
    if (!file) return;
    this.extra(() => {
      // Whole or not at all: a step that is killed while it writes must not lose what it knew.
      fs.writeFileSync(`${file}.new`, JSON.stringify(this.state));
      fs.renameSync(`${file}.new`, file);
    });
  }

  private extra(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!this.warned) this.world.log.warning(`The register of children could not be written: ${messageOf(error)}`);
      this.warned = true;
    }
  }
}

/** Stage, job and step, by which a step is the same in every attempt; also a part of file names. */
export function stepNameOf(parent: Parent | undefined): string {
  return parent ? [parent.step.stage, parent.step.job, parent.step.name].map(fileName).join('.') : 'shell';
}

/** What the main part of the same step left behind; undefined when there is nothing, or nothing to clean up. */
export function leftovers(agent: Agent): { children: RegisteredChild[]; open: Intent[] } | undefined {
  const file = readFile(agent.taskVariable(FILE_VARIABLE) ?? '');
  if (!file || file.closed) return undefined;
  const stopped = file.canceling || agent.variable('Agent.JobStatus')?.toLowerCase() === 'canceled';
  return stopped ? { children: file.children, open: file.open } : undefined;
}

function readFile(file: string): RegisterFile | undefined {
  try {
    const content = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<RegisterFile>;
    return content.version === 1 && Array.isArray(content.children) && Array.isArray(content.open)
      ? (content as RegisterFile)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A text as part of a file name, the same text giving the same name. */
function fileName(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60) || 'unnamed';
}
