import type { Observed, ObservedPackage } from './observed';
import type { Manager } from './versions/schemes';

/** Types of package URLs (https://github.com/package-url/purl-spec) whose packages are compared. */
const MANAGERS: Readonly<Record<string, Manager>> = {
  pypi: 'pip',
  conda: 'conda',
  npm: 'npm',
  cran: 'cran',
  deb: 'apt',
  apk: 'apk',
};

interface Bom {
  spdxVersion?: unknown;
  packages?: unknown;
  bomFormat?: unknown;
  components?: unknown;
  '@context'?: unknown;
  predicate?: unknown;
}

interface SpdxPackage {
  externalRefs?: { referenceType?: unknown; referenceLocator?: unknown }[];
}

interface Component {
  purl?: unknown;
  components?: unknown;
}

const DEEPEST = 20;

/** Packages of an SPDX 2 or CycloneDX document, also inside of an in-toto statement as BuildKit attaches it. */
export function readBom(document: object): Observed {
  const { spdxVersion, packages, bomFormat, components, predicate, ...others }: Bom = document;
  if (typeof spdxVersion === 'string') {
    const references = listOf<SpdxPackage>(packages).flatMap(({ externalRefs }) =>
      listOf<{ referenceLocator?: unknown }>(externalRefs),
    );
    return { format: 'spdx', packages: references.flatMap(({ referenceLocator }) => readPackageUrl(referenceLocator)) };
  }
  if (bomFormat === 'CycloneDX') return { format: 'cyclonedx', packages: readComponents(components, 0) };
  if (predicate !== null && typeof predicate === 'object' && !('predicate' in predicate)) return readBom(predicate);
  const isSpdx3 = typeof others['@context'] === 'string' && others['@context'].includes('spdx');
  return {
    error: isSpdx3
      ? 'The list of observed packages is SPDX 3; SPDX 2 JSON is read.'
      : 'The list of observed packages is JSON, but neither SPDX nor CycloneDX nor a list of conda or pip.',
  };
}

function readComponents(components: unknown, depth: number): ObservedPackage[] {
  if (depth > DEEPEST) return [];
  return listOf<Component>(components).flatMap(({ purl, components: inner }) => [
    ...readPackageUrl(purl),
    ...readComponents(inner, depth + 1),
  ]);
}

/** `pkg:type/namespace/name@version?qualifiers#path`; nothing for a type that is not compared or without version. */
function readPackageUrl(url: unknown): ObservedPackage[] {
  if (typeof url !== 'string') return [];
  const [, type = '', path = '', version = ''] = /^pkg:\/*([a-z.+-]+)\/([^?#]+)@([^@/?#]+)/i.exec(url) ?? [];
  const manager = Object.hasOwn(MANAGERS, type.toLowerCase()) ? MANAGERS[type.toLowerCase()] : undefined;
  if (manager === undefined) return [];
  const parts = path.split('/').map(decode);
  // Only npm has the namespace in its names; that of deb and apk is the distribution.
  const name = manager === 'npm' ? parts.join('/') : parts.at(-1);
  const epoch = manager === 'apt' ? /[?&]epoch=(\d+)/.exec(url)?.[1] : undefined;
  const plain = decode(version);
  return name ? [{ manager, name, version: epoch && !plain.includes(':') ? `${epoch}:${plain}` : plain }] : [];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The objects of a list; a document may hold anything. */
function listOf<T extends object>(value: unknown): T[] {
  return Array.isArray(value) ? value.filter((item): item is T => item !== null && typeof item === 'object') : [];
}
