import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from './agent';
import type { AzureDevOps, Place } from './azureDevOps';
import { ApiError, messageOf } from './errors';
import type { Parent } from './parent';
import { ATTACHMENT_TYPE, type Register, type RegisterDocument, type RegisteredChild } from './register';
import { listReleaseAttachments } from './releases/attachments';
import { readTimeline } from './runs/timeline';
import type { World } from './world';

const ATTACHMENTS: Place = { area: 'build', id: 'f2192269-89fa-4f94-baf6-8fb128c55159', name: 'attachments of a run' };

/** A step with the parent that it runs in. */
interface StepHost {
  parent: Parent | undefined;
  own: () => AzureDevOps;
  register: Register;
  stepName: string;
}

interface Attachment {
  name?: string;
  _links?: { self?: { href?: string } };
}

/**
 * The children that earlier steps of this parent registered, in any job or stage, the latest attempt of each; newest
 * knowledge of each child. The files of this job come first: attachments of its steps may still be on their way.
 * @param own organization of the parent with the job's own token: the register lies there, wherever the children run.
 */
export async function readParentRegister(
  own: AzureDevOps,
  { agent, parent }: { agent: Agent; parent: Parent },
  world: World,
): Promise<RegisterDocument[]> {
  const attached =
    parent.kind === 'run' ? await readAttachments(own, parent, world) : await readOfRelease(own, parent, world);
  const local = readLocalFiles(agent.variable('Agent.TempDirectory'));
  const bySteps = new Map<string, RegisterDocument>();
  for (const document of [...attached, ...local]) bySteps.set(`${document.task}/${document.step}`, document);
  return [...bySteps.values()];
}

/**
 * Gives the register of a step what earlier attempts of it attached to the parent run: 'rerun failed jobs' runs the step again in a new job, on any
 * agent. Fails where that cannot be read: to start everything once more would be worse.
 */
export async function takeOnEarlierAttempts(
  { parent, own, register, stepName }: StepHost,
  { task, kind }: { task: string; kind: RegisteredChild['kind'] },
  world: World,
): Promise<void> {
  if (parent?.kind !== 'run' || parent.attempt === 1 || register.earlier.children.length) return;
  register.takeOn(await childrenOfEarlierAttempts(own(), { parent, task, kind, step: stepName }, world));
}

/** Of a child that several attempts knew the newest knowledge; later tries after earlier ones. */
async function childrenOfEarlierAttempts(
  own: AzureDevOps,
  { parent, task, kind, step }: { parent: Parent; task: string; kind: RegisteredChild['kind']; step: string },
  world: World,
): Promise<RegisteredChild[]> {
  const attachments = (await listAttachments(own, parent, world)).filter(({ name }) => name === step);
  const documents = await Promise.all(attachments.map(({ href }) => readDocument(own, href, world)));
  const same = documents.flatMap((document) => (document?.task === task && document.step === step ? document : []));
  return childrenOf(same, kind).sort((a, b) => a.attempt - b.attempt);
}

/** Each child once, of the documents of some tasks. */
export function childrenOf(documents: RegisterDocument[], kind: RegisteredChild['kind']): RegisteredChild[] {
  const children = new Map<string, RegisteredChild>();
  for (const child of documents.flatMap((document) => document.children)) {
    if (child.kind === kind) children.set(`${child.organization}${child.id}`, child);
  }
  return [...children.values()];
}

async function listAttachments(
  own: AzureDevOps,
  { project, id }: Pick<Parent, 'project' | 'id'>,
  { signal }: World,
): Promise<{ name: string; href: string }[]> {
  const { value } = await own.call<{ value?: Attachment[] }>('GET', ATTACHMENTS, {
    route: { project, buildId: id, type: ATTACHMENT_TYPE },
    signal,
  });
  return (value.value ?? []).flatMap(({ name = '', _links }) =>
    _links?.self?.href ? [{ name, href: _links.self.href }] : [],
  );
}

async function readAttachments(own: AzureDevOps, { project, id }: Parent, world: World): Promise<RegisterDocument[]> {
  const attachments = await listAttachments(own, { project, id }, world);
  if (!attachments.length) return [];
  const current = await currentRecords(own, { project, id }, world);
  const latest = new Map(
    attachments.filter(({ href }) => !current || isOf(href, current)).map((one) => [one.name, one]),
  );
  const documents = await Promise.all([...latest.values()].map(({ href }) => readDocument(own, href, world)));
  return documents.flatMap((document) => document ?? []);
}

/** Where a release does not show its attachments, the files of this job have to do. */
async function readOfRelease(own: AzureDevOps, parent: Parent, world: World): Promise<RegisterDocument[]> {
  try {
    const releases = await own.releaseHost();
    const attachments = await listReleaseAttachments(releases, parent, ATTACHMENT_TYPE, world);
    const documents = await Promise.all(attachments.map(({ href }) => readDocument(releases, href, world)));
    return documents.flatMap((document) => document ?? []);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    world.log.info(`What other jobs of ${parent.name} registered cannot be read: ${messageOf(error)}`);
    return [];
  }
}

/** Records of the latest attempts; undefined where the timeline cannot be read, and then every attachment counts. */
async function currentRecords(
  own: AzureDevOps,
  run: { project: string; id: number },
  { signal, log }: World,
): Promise<Set<string> | undefined> {
  try {
    return new Set((await readTimeline(own, run, signal)).map(({ id }) => id.toLowerCase()));
  } catch (error) {
    log.debug(`The timeline of this run cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

/** The address of an attachment names its timeline and record. */
function isOf(href: string, records: Set<string>): boolean {
  const ids = href.toLowerCase().match(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
  return ids.some((id) => records.has(id));
}

async function readDocument(
  own: AzureDevOps,
  href: string,
  { signal, log }: World,
): Promise<RegisterDocument | undefined> {
  try {
    return asDocument(await own.readUrl(href, signal));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    log.warning(`A register of children cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

function readLocalFiles(folder: string | undefined): RegisterDocument[] {
  if (!folder || !fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => /^pipeline-cascade\..*\.json$/.test(name) && !name.endsWith('.results.json'))
    .flatMap((name) => asDocument(fs.readFileSync(path.join(folder, name), 'utf8')) ?? []);
}

/** The text as a register document; undefined for anything else, which somebody else may have attached. */
function asDocument(text: string): RegisterDocument | undefined {
  try {
    const document = JSON.parse(text) as Partial<RegisterDocument>;
    const { version, task = '', step = '', children } = document;
    return version === 1 && Array.isArray(children) ? { version, task, step, children } : undefined;
  } catch {
    return undefined;
  }
}
