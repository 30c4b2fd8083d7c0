import Ajv from 'ajv';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Microsoft's OpenAPI documents lie, beside the project; undefined where they do not. */
export function specsFolder(): string | undefined {
  const folder = join(__dirname, '../../../shared/specs');
  return existsSync(folder) ? folder : undefined;
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

export interface Operation {
  spec: string;
  method: string;
  path: string;
  query: Set<string>;
  schema: Schema | undefined;
  version: string;
}

interface Document {
  definitions: Record<string, Schema>;
  operations: Operation[];
}

/** Path with its parameter names taken away, so that `{buildId}` and `{id}` are the same; case does not count. */
function bare(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{}').toLowerCase();
}

/**
 * What the documents leave out or say otherwise than the wire:
 * links are maps of href; a property bag is { count, value }; demands are texts; a process has the fields of its kind;
 * the resources of the pipelines area keep their ids; the build area tells the kind of what it hands out; a phase has the fields of its kind.
 */
const extras: Record<string, Record<string, Schema>> = {
  BuildProcess: { type: { type: 'integer' }, yamlFilename: { type: 'string' }, phases: { type: 'array' } },
  PipelineConfiguration: { path: { type: 'string' }, repository: { type: 'object' } },
  Repository: { id: { type: 'string' } },
  DeployPhase: { deploymentInput: { $ref: '#/definitions/AgentDeploymentInput' } },
};
const replaced: Record<string, Schema> = {
  ReferenceLinks: {
    type: 'object',
    additionalProperties: { type: 'object', properties: { href: { type: 'string' } }, additionalProperties: false },
  },
  PropertiesCollection: { type: 'object' },
  Demand: { type: 'string' },
  JObject: { type: 'object' },
  SubjectDescriptor: { type: 'string' },
};

/** The published documents, read once: which operations there are and whether an answer fits one. */
export function publishedSpecs(folder: string): {
  find(method: string, template: string, query?: Set<string>): Operation[];
  problems(operation: Operation, body: unknown): string[];
} {
  const documents = new Map<string, Document>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.json') || file.includes('schema')) continue;
    documents.set(file, readDocument(file, readFileSync(join(folder, file), 'utf8').replace(/^\uFEFF/, '')));
  }
  const operations = [...documents.values()].flatMap((document) => document.operations);
  const validators = new Map<Operation, Ajv.ValidateFunction>();
  return {
    find(method, template) {
      const wanted = bare(template);
      // A trailing parameter is optional: the documents name only the longer path.
      return operations.filter(
        (operation) =>
          operation.method === method && (bare(operation.path) === wanted || bare(operation.path) === `${wanted}/{}`),
      );
    },
    problems(operation, body) {
      const known = validators.get(operation) ?? compile(documents.get(operation.spec)!, operation);
      validators.set(operation, known);
      if (known(body)) return [];
      return (known.errors ?? []).map(
        (error) => `${error.dataPath} ${error.message ?? ''} ${JSON.stringify(error.params)}`,
      );
    },
  };
}

function nameOf(reference: string): string {
  return reference.split('/').at(-1) ?? '';
}

interface Parameter {
  $ref?: string;
  in: string;
  name: string;
}

interface RawOperation {
  parameters?: Parameter[];
  responses?: Record<string, { schema?: Schema }>;
  'x-ms-docs-override-version'?: string;
}

interface RawDocument {
  definitions: Record<string, Schema>;
  parameters: Record<string, Parameter>;
  paths: Record<string, Record<string, RawOperation>>;
  'x-ms-paths'?: Record<string, Record<string, RawOperation>>;
}

function readDocument(spec: string, text: string): Document {
  const document = JSON.parse(text) as RawDocument;
  const operations: Operation[] = [];
  for (const [path, methods] of Object.entries({ ...document.paths, ...document['x-ms-paths'] })) {
    for (const [method, operation] of Object.entries(methods)) {
      if (!operation.responses) continue;
      const parameters = (operation.parameters ?? []).map((entry) =>
        entry.$ref ? document.parameters[nameOf(entry.$ref)] : entry,
      );
      operations.push({
        spec,
        method: method.toUpperCase(),
        path: path.replace('/{organization}/', '').replace(/\?.*$/, ''),
        query: new Set(parameters.flatMap((entry) => (entry?.in === 'query' ? [entry.name.toLowerCase()] : []))),
        schema: operation.responses['200']?.schema ?? operation.responses['201']?.schema,
        version: operation['x-ms-docs-override-version'] ?? '',
      });
    }
  }
  return { definitions: document.definitions, operations };
}

function compile(document: Document, operation: Operation): Ajv.ValidateFunction {
  const { schema } = operation;
  if (!schema) return new Ajv().compile({});
  const definitions = Object.fromEntries(
    Object.keys(document.definitions).map((name) => [name, strict(document, name)]),
  );
  const body = schema.type === 'array' ? listOf(convert(schema.items ?? {})) : convert(schema);
  return new Ajv({ unknownFormats: 'ignore', nullable: true, allErrors: true }).compile({ ...body, definitions });
}

/** Lists come as `{ count, value }`. */
function listOf(items: Schema): Schema & { required: string[] } {
  return {
    type: 'object',
    required: ['count', 'value'],
    properties: { count: { type: 'integer' }, value: { type: 'array', items } },
    additionalProperties: false,
  };
}

/** A definition with all that it inherits, closed against fields that nobody published; everything may be null. */
function strict(document: Document, name: string): object {
  const special = replaced[name];
  if (special) return { ...special, nullable: true };
  const properties = { ...inherited(document, name), ...extras[name] };
  if (Object.keys(properties).length === 0) return convert(document.definitions[name] ?? {});
  const converted = Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, convert(schema)]));
  return { type: 'object', nullable: true, properties: converted, additionalProperties: false };
}

function inherited(document: Document, name: string): Record<string, Schema> {
  const definition = document.definitions[name] ?? {};
  const parts = (definition.allOf ?? []).map((part) =>
    part.$ref ? { ...inherited(document, nameOf(part.$ref)), ...extras[nameOf(part.$ref)] } : (part.properties ?? {}),
  );
  return [...parts, definition.properties ?? {}].reduce((all, more) => ({ ...all, ...more }), {});
}

function convert(schema: Schema): object {
  if (schema.$ref) return { $ref: schema.$ref };
  if (schema.enum) return { enum: [...schema.enum, null] };
  const type = schema.type;
  if (type === 'array') return { type, nullable: true, items: convert(schema.items ?? {}) };
  // A bare object is what the documents make of a value of any kind.
  if (type === 'object' && !schema.additionalProperties && !schema.properties) return {};
  if (type === 'object' || schema.additionalProperties) {
    const values = schema.additionalProperties;
    return {
      type: 'object',
      nullable: true,
      ...(typeof values === 'object' ? { additionalProperties: convert(values) } : {}),
    };
  }
  if (type === undefined) return {};
  return { type, nullable: true };
}
