import type { EmulatorState } from '../state/EmulatorState';
import type { Access } from '../state/identity';
import { Refusal } from '../state/refusal';
import { isMap, type Json } from '../state/json';
import type { Project } from '../state/projects';
import { isGuid } from '../state/ids';

/** A request on its way to a route: who asks, for what, and with what. */
export interface RouteCall {
  state: EmulatorState;
  access: Access;
  kind: 'services' | 'server';
  /** Organization URL with its closing slash; and the one of the release host. */
  base: string;
  releaseBase: string;
  params: Record<string, string>;
  /** Query parameters by lower-case name. */
  query: Map<string, string>;
  accept: string;
  body: unknown;
}

export interface Reply {
  status?: number;
  json?: unknown;
  text?: string;
  bytes?: Buffer;
  contentType?: string;
  headers?: Record<string, string>;
}

/** One published method. `template` has the names of the published path; `resource` is the location id that it belongs to. */
export interface Route {
  method: string;
  template: string;
  resource: string;
  handle(call: RouteCall): Reply;
}

/** A resource as the location service describes it. */
export interface Resource {
  id: string;
  area: string;
  resourceName: string;
  routeTemplate: string;
  resourceVersion: number;
  host?: 'release';
}

/** Values of the template's parameters where the path fits it, else undefined. Text between parameters ignores case. */
export function matchTemplate(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const actual = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      if (part.toLowerCase() !== actual.toLowerCase()) return undefined;
      continue;
    }
    if (actual === '' || actual === '_apis') return undefined;
    params[name] = decodeURIComponent(actual);
  }
  return params;
}

export function listReply(value: unknown[], headers?: Record<string, string>): Reply {
  return { json: { count: value.length, value }, ...(headers ? { headers } : {}) };
}

/** The project of the path; throws what the service says when there is none or when the identity cannot see it. */
export function projectOf(call: RouteCall): Project {
  const nameOrId = call.params.project ?? '';
  const project = call.state.findProject(nameOrId);
  if (project && sees(call.access, project)) return project;
  if (project === undefined && !isGuid(nameOrId)) {
    throw new Refusal(
      404,
      'ProjectDoesNotExistWithNameException',
      `TF200016: The following project does not exist: ${nameOrId}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`,
    );
  }
  const id = project?.id ?? nameOrId;
  throw new Refusal(
    404,
    'ProjectDoesNotExistException',
    `VS800075: The project with id 'vstfs:///Classification/TeamProject/${id}' does not exist, or you do not have permission to access it.`,
  );
}

export function sees(access: Access, project: Project): boolean {
  return access.projects?.some((name) => [project.name, project.id].includes(name)) ?? true;
}

export function idOf(call: RouteCall, name: string): number {
  const text = call.params[name] ?? '';
  if (!/^-?\d+$/.test(text)) {
    throw new Refusal(400, 'VssRequestContentInvalidException', `The value '${text}' is not valid for ${name}.`);
  }
  return Number(text);
}

export function bodyMap(call: RouteCall): Json {
  if (isMap(call.body)) return call.body;
  throw new Refusal(400, 'ArgumentNullException', 'Value cannot be null.\r\nParameter name: body');
}

/** The items of a comma list in the query; undefined where the parameter is not given. */
export function queryList(call: RouteCall, name: string): string[] | undefined {
  const text = call.query.get(name.toLowerCase());
  return text === undefined || text === '' ? undefined : text.split(',').map((item) => item.trim());
}

export function queryNumber(call: RouteCall, name: string): number | undefined {
  const text = call.query.get(name.toLowerCase());
  return text === undefined || text === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}

export function queryFlag(call: RouteCall, name: string): boolean {
  return call.query.get(name.toLowerCase())?.toLowerCase() === 'true';
}

/** One page of a list and, where more follows, the token that asks for the next one. */
export function page<Item>(
  call: RouteCall,
  all: Item[],
  fallbackTop: number,
): { items: Item[]; headers?: Record<string, string> } {
  const from = Number(call.query.get('continuationtoken') ?? 0) || 0;
  const top = queryNumber(call, '$top') ?? queryNumber(call, 'top') ?? fallbackTop;
  const items = all.slice(from, from + top);
  if (from + top >= all.length) return { items };
  return { items, headers: { 'x-ms-continuationtoken': String(from + top) } };
}
