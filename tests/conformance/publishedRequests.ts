import fs from 'node:fs';
import path from 'node:path';

/** The parts of an OpenAPI 2 document that say what may be sent. */
interface Document {
  definitions: Record<string, Schema>;
  parameters: Record<string, Parameter>;
  paths: Record<string, Record<string, RawOperation>>;
  'x-ms-paths'?: Record<string, Record<string, RawOperation>>;
}

interface RawOperation {
  parameters?: Parameter[];
}

interface Parameter {
  $ref?: string;
  in?: string;
  name?: string;
  schema?: Schema;
}

interface Schema {
  $ref?: string;
  type?: string;
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  enum?: unknown[];
}

interface Operation {
  method: string;
  path: RegExp;
  query: Set<string>;
  body: Schema | undefined;
  document: Document;
}

export interface Sent {
  method: string;
  /** Path below the organization, with its query. */
  path: string;
  body: unknown;
}

/** Where Microsoft's OpenAPI documents lie, beside the project; undefined where they do not. */
export function specsFolder(): string | undefined {
  const folder = path.join(__dirname, '..', '..', '..', 'shared', 'specs');
  return fs.existsSync(folder) ? folder : undefined;
}

/** A check of requests against the published documents: what is wrong with one, in sentences; nothing when it is as published. */
export function publishedRequests(folder: string): (sent: Sent) => string[] {
  const operations = fs
    .readdirSync(folder)
    .filter((file) => file.endsWith('.json') && !file.includes('schema'))
    .flatMap((file) => operationsOf(fs.readFileSync(path.join(folder, file), 'utf8').replace(/^\uFEFF/, '')));
  return (sent) => {
    const [address = '', query = ''] = sent.path.split('?');
    const fitting = operations.filter((operation) => operation.path.test(address) && operation.method === sent.method);
    if (!fitting.length) return [`${sent.method} ${address} is not published`];
    // Several operations share a path and differ in their query or body: one of them has to fit.
    const problems = fitting.map((operation) => problemsOf(operation, new URLSearchParams(query), sent.body));
    const fewest = problems.toSorted((a, b) => a.length - b.length)[0] ?? [];
    return fewest.map((problem) => `${sent.method} ${address}: ${problem}`);
  };
}

function operationsOf(text: string): Operation[] {
  const document = JSON.parse(text) as Document;
  return Object.entries({ ...document.paths, ...document['x-ms-paths'] }).flatMap(([template, methods]) =>
    Object.entries(methods)
      .filter(([, { parameters }]) => parameters)
      .map(([method, { parameters = [] }]) => {
        const all = parameters.map(({ $ref, ...own }) => ($ref ? (document.parameters[lastPart($ref)] ?? {}) : own));
        return {
          method: method.toUpperCase(),
          path: patternOf(template),
          query: new Set(all.filter((each) => each.in === 'query').map(({ name = '' }) => name)),
          body: all.find((each) => each.in === 'body')?.schema,
          document,
        };
      }),
  );
}

/**
 * The template without its organization, which is part of the host's address here. A last parameter may be left out: of timelines the
 * documents name only the longer path.
 */
export function patternOf(template: string): RegExp {
  const below = template.replace(/^\/\{organization\}\//, '').replace(/\?.*$/, '');
  const [, whole = below, last] = /^(.*?)(\/\{[^}]*\})?$/.exec(below) ?? [];
  const parts = whole.split(/\{[^}]*\}/).map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}${last ? '(/[^/]+)?' : ''}$`, 'i');
}

function problemsOf({ query, body, document }: Operation, asked: URLSearchParams, sent: unknown): string[] {
  const unknown = [...asked.keys()].filter((name) => !query.has(name));
  const missing = body && sent === undefined ? ['it is sent without a body'] : [];
  const extra = !body && sent !== undefined ? ['it is sent with a body'] : [];
  return [
    ...unknown.map((name) => `the query parameter '${name}' is not published`),
    ...missing,
    ...extra,
    ...(body && sent !== undefined ? shapeProblems(document, body, { value: sent, at: 'the body' }) : []),
  ];
}

/** What of a value is not as its schema says: fields that nobody published, other types, other words. */
function shapeProblems(document: Document, schema: Schema, { value, at }: { value: unknown; at: string }): string[] {
  if (schema.$ref) return shapeProblems(document, definition(document, schema.$ref), { value, at });
  if (value === null || value === undefined) return [];
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is ${JSON.stringify(value)}, none of its words`];
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((item, index) =>
      shapeProblems(document, schema.items ?? {}, { value: item, at: `${at}[${index}]` }),
    );
  }
  const properties = propertiesOf(document, schema);
  const values = schema.additionalProperties;
  if (Object.keys(properties).length || values) {
    if (typeof value !== 'object' || Array.isArray(value)) return [`${at} is no object`];
    return Object.entries(value).flatMap(([name, inner]) => {
      const known = properties[name] ?? (typeof values === 'object' ? values : undefined);
      return known
        ? shapeProblems(document, known, { value: inner, at: `${at}.${name}` })
        : [`${at}.${name} is not published`];
    });
  }
  const type = schema.type === 'integer' ? 'number' : schema.type;
  return type && type !== 'object' && typeof value !== type ? [`${at} is a ${typeof value}, not a ${type}`] : [];
}

function propertiesOf(document: Document, schema: Schema): Record<string, Schema> {
  const inherited = (schema.allOf ?? []).map((part) =>
    propertiesOf(document, part.$ref ? definition(document, part.$ref) : part),
  );
  return Object.assign({}, ...inherited, schema.properties) as Record<string, Schema>;
}

function definition(document: Document, reference: string): Schema {
  return document.definitions[lastPart(reference)] ?? {};
}

function lastPart(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}
