import fs from 'node:fs';
import path from 'node:path';
import type { Agent } from './agent';
import type { AzureDevOps, Place } from './azureDevOps';
import { Misshapen } from './answerShape';
import { isRefusal, messageOf, UserError } from './errors';
import type { Parent } from './parent';
import {
  ATTACHMENT_TYPE,
  type OpenStart,
  type Register,
  type RegisterDocument,
  type RegisteredChild,
} from './register';
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
 * The children that earlier steps of this parent registered: of a build, in any job or stage, the latest attempt of each job; of a
 * release, in any job of this attempt of the stage and of the newest attempts of the others; newest knowledge of each child. The files of this job come first: attachments of its
 * steps may still be on their way. Throws where a register cannot be read: what nobody sees would be waited for by nobody, or started
 * twice. Only a release that refuses to show them is a warning, and then this job's own have to do.
 * @param own organization of the parent with the job's own token: the register lies there, wherever the children run.
 */
export async function readParentRegister(
  own: AzureDevOps,
  { agent, parent }: { agent: Agent; parent: Parent },
  world: World,
): Promise<RegisterDocument[]> {
  const attached =
    parent.kind === 'run'
      ? await readAttachments(own, parent, world)
      : await readOfRelease(own, { agent, parent }, world);
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

/** And the starts of theirs that were not answered. Of a child that several attempts knew the newest knowledge; later tries after earlier ones. */
async function childrenOfEarlierAttempts(
  own: AzureDevOps,
  { parent, task, kind, step }: { parent: Parent; task: string; kind: RegisteredChild['kind']; step: string },
  world: World,
): Promise<{ children: RegisteredChild[]; open: OpenStart[] }> {
  const attachments = (await listAttachments(own, parent, world)).filter(({ name }) => name === step);
  const documents = await Promise.all(attachments.map(({ href }) => readDocument(own, href, world)));
  const same = documents.flatMap((document) => (document?.task === task && document.step === step ? document : []));
  return {
    children: childrenOf(same, kind).sort((a, b) => a.attempt - b.attempt),
    open: same.flatMap(({ starting = [] }) => starting).sort((a, b) => b.sentAt - a.sentAt),
  };
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
  const attachments = value.value?.map(({ name, _links }) => ({ name, href: _links?.self?.href }));
  const isWhole = (one: { name?: unknown; href?: unknown }): one is { name: string; href: string } =>
    typeof one.name === 'string' && typeof one.href === 'string';
  if (attachments?.every(isWhole)) return attachments;
  throw new Misshapen('The service does not list what is attached to this run as documented; try again.');
}

/** What lies on the host of releases; where this identity may not read it, the files of this job have to do. */
async function readOfRelease(
  own: AzureDevOps,
  { agent, parent }: { agent: Agent; parent: Parent },
  world: World,
): Promise<RegisterDocument[]> {
  const { project, id: releaseId, attempt } = parent;
  const environmentId = Number(agent.variable('Release.EnvironmentId'));
  try {
    const releases = await own.releaseHost();
    const stage = { project, releaseId, environmentId, attempt };
    const attachments = await listReleaseAttachments(releases, stage, ATTACHMENT_TYPE, world);
    const documents = await Promise.all(attachments.map(({ href }) => readDocument(releases, href, world)));
    return documents.flatMap((document) => document ?? []);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    world.log.warning(
      `What other jobs and stages of this release started cannot be read, only what this job did: ${messageOf(error)}`,
    );
    return [];
  }
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
  const text = await own.readUrl(href, signal);
  const document = asDocument(text);
  if (document) return document;
  if (!isOfOtherVersion(text)) {
    throw new UserError(
      `The register of children at ${href} is no JSON of a register: it cannot be told what was started.`,
    );
  }
  log.warning(`The register of children at ${href} is of a version that this task does not know; it is passed over.`);
  return undefined;
}

function readLocalFiles(folder: string | undefined): RegisterDocument[] {
  if (!folder || !fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => /^pipeline-cascade\..*\.json$/.test(name) && !name.endsWith('.results.json'))
    .flatMap((name) => asDocument(fs.readFileSync(path.join(folder, name), 'utf8')) ?? []);
}

function isOfOtherVersion(text: string): boolean {
  try {
    const { version } = Object(JSON.parse(text)) as { version?: unknown };
    return typeof version === 'number' && version !== 1;
  } catch {
    return false;
  }
}

/** The text as a register document; undefined for anything else, which somebody else may have attached. */
function asDocument(text: string): RegisterDocument | undefined {
  try {
    const document = JSON.parse(text) as Partial<RegisterDocument>;
    const { version, task = '', step = '', children, starting } = document;
    if (version !== 1 || !Array.isArray(children) || !children.every(isChild)) return undefined;
    return {
      version,
      task,
      step,
      children,
      ...(Array.isArray(starting) && { starting: starting.filter(isOpenStart) }),
    };
  } catch {
    return undefined;
  }
}

function isOpenStart(start: Partial<OpenStart> | null): boolean {
  return typeof start?.item === 'string' && Number.isSafeInteger(start.sentAt);
}

function isChild(child: Partial<RegisteredChild> | null): boolean {
  const texts = [child?.organization, child?.project, child?.name, child?.number, child?.url, child?.item];
  return Number.isSafeInteger(child?.id) && texts.every((text) => typeof text === 'string');
}
