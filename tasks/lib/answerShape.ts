import { UserError } from './errors';

type Kind = 'text' | 'number' | 'scalar' | 'list' | 'object' | 'map' | 'anything';

/** What fields are documented as, by name, where the same name is the same kind wherever it stands. */
const KINDS = kinds({
  text: `name displayName status result state queueStatus buildNumber sourceBranch sourceVersion queueTime startTime finishTime createdOn
    createdDate path href downloadUrl message yamlFilename defaultBranch locationUrl alias objectId peeledObjectId finalYaml`,
  number: 'attempt order rank queuePosition',
  scalar: 'id type isSecret isHosted deleted',
  list: 'records issues environments tags demands',
  object:
    '_links web definition project queue pool repository process requestedFor requestedBy releaseDefinition signedContent',
  // Their keys are names that people chose.
  map: 'variables definitionReference',
  anything: 'templateParameters parameters properties systemCapabilities userCapabilities customProperties',
});
/** Inside of a release; in its definition some of these names are something else. */
const OF_RELEASE = kinds({
  text: 'operationStatus approvalType conditionType issueType scheduledDeploymentTime queuedOn',
  list: 'deploySteps preDeployApprovals postDeployApprovals artifacts releaseDeployPhases deploymentJobs tasks conditions',
  object: 'approver job',
});
/** Fields that are of this kind inside of that field only. */
const INSIDE = kinds({
  text: 'records.type records.identifier records.refName records.parentId records.workerName repository.type',
  scalar: 'conditions.result',
  list: 'value.steps',
  object: 'records.log value.resource steps.assignedApprover',
  map: 'resources.repositories resources.pipelines',
});

function kinds(names: Partial<Record<Kind, string>>): Map<string, Kind> {
  return new Map(
    Object.entries(names).flatMap(([kind, list]) =>
      list.split(/\s+/).map((name): [string, Kind] => [name, kind as Kind]),
    ),
  );
}

/** Without these fields an item of the list is nothing. */
const NEEDED: Record<string, string[]> = { environments: ['id', 'name'], records: ['id'] };
const TEXTS_ONLY = new Set(['tags']);
const DEEPEST = 100;

/** Why an answer cannot be what it is documented as. */
export class Misshapen extends UserError {}

/**
 * A JSON answer without its nulls, in which every field that is used has the kind that the service documents. Throws `Misshapen` that names
 * the field for any other: such an answer is none, and whoever asked may ask again. So a gateway's own JSON, or half a service, is told
 * as what it is and not taken for an empty list or a run without a name.
 */
export function wellFormed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Misshapen(`a ${kindOf(value)} where an object is documented`);
  if ('count' in value && !Array.isArray((value as { value?: unknown }).value))
    throw new Misshapen("no list in 'value', beside 'count'");
  return members(value, '', { depth: 0 });
}

interface Where {
  depth: number;
  /** Name of the field that holds it. */
  inside?: string;
  /** Its keys are names that people chose. */
  isMap?: boolean;
  ofRelease?: boolean;
}

function members(object: object, place: string, where: Where): Record<string, unknown> {
  if (where.depth > DEEPEST) throw new Misshapen(`values nested more than ${DEEPEST} deep`);
  const kept: [string, unknown][] = [];
  const ofRelease = where.ofRelease ?? 'releaseDefinition' in object;
  for (const [name, value] of Object.entries(object)) {
    if (value === null) continue;
    const known = INSIDE.get(`${where.inside ?? ''}.${name}`) ?? KINDS.get(name) ?? (ofRelease && OF_RELEASE.get(name));
    const kind = where.isMap ? 'object' : known || undefined;
    const at = { place: place ? `${place}.${name}` : name, name, depth: where.depth };
    kept.push([name, member(value, kind, { ...at, ...(ofRelease && { ofRelease }) })]);
  }
  return Object.fromEntries(kept);
}

function member(
  value: unknown,
  kind: Kind | undefined,
  { place, name, depth, ofRelease }: { place: string; name: string; depth: number; ofRelease?: boolean },
): unknown {
  const deeper = { depth: depth + 1, inside: name, ...(ofRelease && { ofRelease }) };
  if (kind === 'anything') return value;
  if (kind && !isOf(kind, value)) throw new Misshapen(`a ${kindOf(value)} in '${place}'`);
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index): unknown[] => {
      if (item === null || item === undefined) return [];
      const at = `${place}[${index}]`;
      if (TEXTS_ONLY.has(name) && typeof item !== 'string') throw new Misshapen(`a ${kindOf(item)} in '${at}'`);
      if (typeof item !== 'object' && !NEEDED[name]) return [item];
      const missing = NEEDED[name]?.find((field) => !(field in Object(item)));
      if (missing) throw new Misshapen(`no '${missing}' in '${at}'`);
      return [Array.isArray(item) ? item : members(item, at, deeper)];
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return members(value, place, { ...deeper, isMap: kind === 'map' });
}

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'scalar':
      return typeof value !== 'object';
    case 'list':
      return Array.isArray(value);
    case 'object':
    case 'map':
      return typeof value === 'object' && !Array.isArray(value);
    case 'anything':
      return true;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value === 'string' ? 'text' : typeof value;
}

/** What has to have an id and a name to be of use. Throws `Misshapen` for what lacks one. @param thing in the singular, for the message. */
export function named<T>(one: T, thing: string): T {
  const { id, name } = Object(one) as { id?: unknown; name?: unknown };
  if (Number.isSafeInteger(id) && typeof name === 'string') return one;
  throw new Misshapen(`The service tells of a ${thing} without id or name; try again.`);
}

/** A list on which it depends whether something is started: throws `Misshapen` for one that is not there, or holds what has no id. */
export function listed<T extends { id: number }>(answer: { value?: T[] } | undefined): T[] {
  const list = answer?.value;
  if (list?.every(({ id }) => Number.isSafeInteger(id))) return list;
  throw new Misshapen('The answer is no list of what has ids.');
}
