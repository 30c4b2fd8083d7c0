import { readDocument, type ChildRef, type StepDocument } from '../model/documents';
import type { Deployment } from './releaseState';
import type { Rest } from './Rest';

/** A document that some step attached: where it is read, and what it holds once it was. */
interface Attachment {
  parent: string;
  project: string;
  area: 'core' | 'release';
  path: string;
  document?: StepDocument;
  /** It was listed and not read since: a step attaches its document anew under the same address while it waits. */
  wanted: boolean;
  /** Epoch milliseconds. */
  listedAt: number;
}

interface Listed {
  name?: string;
  timelineId?: string;
  recordId?: string;
  _links?: { self?: { href?: string } };
}

type Parent = Pick<ChildRef, 'project' | 'id'>;

const TYPE = 'pipeline-cascade';
const VERSIONS = { core: '7.0-preview.2', release: '7.0-preview.1' };

/** The registers that steps attached to runs and releases: lists them, reads them, and knows what they said last. */
export class Registers {
  private readonly attachments = new Map<string, Attachment>();

  constructor(private readonly rest: Rest) {}

  /** https://learn.microsoft.com/rest/api/azure/devops/build/attachments/list */
  async listOfRun(parent: string, { project, id }: Parent, now: number): Promise<void> {
    const path = `_apis/build/builds/${id}/attachments/${TYPE}`;
    const { value = [] } = await this.rest.json<{ value?: Listed[] }>({
      path: `${encodeURIComponent(project)}/${path}`,
      version: VERSIONS.core,
    });
    for (const { _links } of value) {
      const href = belowProject(_links?.self?.href ?? '');
      if (href) this.want({ parent, project, area: 'core', path: href, listedAt: now });
    }
  }

  /** https://learn.microsoft.com/rest/api/azure/devops/release/attachments/get-release-task-attachments */
  async listOfDeployment(parent: string, ref: Parent, deployment: Deployment, now: number): Promise<void> {
    const { project, id } = ref;
    const { environmentId, attempt, planId } = deployment;
    const plan = `_apis/release/releases/${id}/environments/${environmentId}/attempts/${attempt}/plan/${planId}`;
    const { value = [] } = await this.rest.json<{ value?: Listed[] }>({
      area: 'release',
      path: `${encodeURIComponent(project)}/${plan}/attachments/${TYPE}`,
      version: VERSIONS.release,
    });
    for (const { name = '', timelineId, recordId } of value) {
      const record = `timelines/${timelineId ?? planId}/records/${recordId ?? ''}`;
      const path = `${plan}/${record}/attachments/${TYPE}/${encodeURIComponent(name)}`;
      if (recordId) this.want({ parent, project, area: 'release', path, listedAt: now });
    }
  }

  /** What is still to be read, by its key. */
  *wanted(): Generator<{ key: string; parent: string; project: string; isKnown: boolean; listedAt: number }> {
    for (const [key, { parent, project, wanted, document, listedAt }] of this.attachments)
      if (wanted) yield { key, parent, project, isKnown: document !== undefined, listedAt };
  }

  /** Reads one of the wanted ones; gives the children that it names. */
  async read(key: string): Promise<ChildRef[]> {
    const attachment = this.attachments.get(key);
    if (!attachment) return [];
    const { area, project, path } = attachment;
    const text = await this.rest.text({
      area,
      path: `${encodeURIComponent(project)}/${path}`,
      version: VERSIONS[area],
    });
    const document = readDocument(text) ?? { task: '', step: '', children: [], dockerfiles: [] };
    this.attachments.set(key, { ...attachment, document, wanted: false });
    return document.children;
  }

  /** It cannot be read: it is not asked for again until it is listed again. */
  giveUp(key: string): void {
    const attachment = this.attachments.get(key);
    if (attachment) this.attachments.set(key, { ...attachment, wanted: false });
  }

  /** What is known, by parent: the documents of earlier attempts of a step before those of later ones. */
  get documents(): Map<string, StepDocument[]> {
    const documents = new Map<string, StepDocument[]>();
    for (const { parent, document } of this.attachments.values())
      if (document) documents.set(parent, [...(documents.get(parent) ?? []), document]);
    return documents;
  }

  private want(listed: Omit<Attachment, 'document' | 'wanted'>): void {
    const key = `attachment ${listed.area} ${listed.path}`;
    this.attachments.set(key, { ...this.attachments.get(key), ...listed, wanted: true });
  }
}

/** The part of an attachment's address after its project: the token goes to no host that an answer names. */
function belowProject(href: string): string | undefined {
  return /\/(_apis\/[^?#\s]+)/i.exec(href)?.[1];
}
