/** One child as a step registered it; the schema is part of the contract (`version: 1`). */
export interface ChildRef {
  organization: string;
  project: string;
  kind: 'run' | 'release';
  id: number;
  name: string;
  number: string;
  url: string;
  item: string;
  attempt: number;
  /** Empty while it was not known. */
  result: string;
}

/** A base image, or another image that a Dockerfile names. */
export interface ImageReference {
  role: string;
  line: number;
  written: string;
  image: string;
  verdict: string;
  reason: string;
  /** The target that is built needs it. */
  reachable: boolean;
}

/** A package whose version makes an image stale, or is pinned. */
export interface Package {
  manager: string;
  name: string;
  line: number;
  locked: string;
  newest: string;
  verdict: string;
}

/** A Dockerfile as a stale check judged it. */
export interface Dockerfile {
  path: string;
  verdict: string;
  reason: string;
  references: ImageReference[];
  packages: Package[];
}

/** What one step attached to its run or release. */
export interface StepDocument {
  task: string;
  step: string;
  children: ChildRef[];
  dockerfiles: Dockerfile[];
}

/** The text of an attachment as a document; undefined for anything else, which somebody else may have attached. */
export function readDocument(text: string): StepDocument | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMap(value) || value.version !== 1) return undefined;
  return {
    task: textOf(value.task),
    step: textOf(value.step),
    children: listOf(value.children).flatMap(childOf),
    dockerfiles: listOf(value.dockerfiles).map(dockerfileOf),
  };
}

/** One and the same child, however often and in whatever form of the organization's address it is named. */
export function keyOf({ organization, kind, id }: Pick<ChildRef, 'organization' | 'kind' | 'id'>): string {
  return `${organizationName(organization)}/${kind}/${id}`;
}

/** `https://dev.azure.com/org` and `https://org.visualstudio.com` are the same organization: what they share is its name. */
export function organizationName(address: string): string {
  const match = /^https?:\/\/([^/]+)(\/[^?#]*)?/i.exec(address);
  const [, host = '', path = ''] = match ?? [];
  const old = /^([^.]+)(\.vsrm)?\.visualstudio\.com$/i.exec(host)?.[1];
  return (old ?? path.split('/').filter(Boolean).at(-1) ?? host).toLowerCase();
}

/** Only an address of the web is ever made a link: an attachment could hold `javascript:`. */
export function safeUrl(url: string): string | undefined {
  return /^https?:\/\//i.test(url) ? url : undefined;
}

function childOf(value: Record<string, unknown>): ChildRef[] {
  const id = Number(value.id);
  if (!Number.isSafeInteger(id) || id <= 0) return [];
  return [
    {
      id,
      kind: value.kind === 'release' ? 'release' : 'run',
      organization: textOf(value.organization),
      project: textOf(value.project),
      name: textOf(value.name),
      number: textOf(value.number),
      url: textOf(value.url),
      item: textOf(value.item),
      attempt: Number(value.attempt) || 1,
      result: textOf(value.result),
    },
  ];
}

function dockerfileOf(value: Record<string, unknown>): Dockerfile {
  return {
    path: textOf(value.path),
    verdict: textOf(value.verdict),
    reason: textOf(value.error) || textOf(value.reason),
    references: listOf(value.references).map((reference) => ({
      role: textOf(reference.role),
      line: Number(reference.line) || 0,
      written: textOf(reference.written),
      image: textOf(reference.image),
      verdict: textOf(reference.verdict),
      reason: textOf(reference.reason),
      reachable: reference.reachable !== false,
    })),
    packages: listOf(value.packages).map((one) => ({
      manager: textOf(one.manager),
      name: textOf(one.name),
      line: Number(one.line) || 0,
      locked: textOf(one.locked),
      newest: textOf(one.newest),
      verdict: textOf(one.verdict),
    })),
  };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
