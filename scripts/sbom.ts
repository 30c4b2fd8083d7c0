import type { BundledPackage } from './bundledPackages';

/** The parts of package-lock.json that are read here; keys are folders such as 'node_modules/yaml'. */
export interface PackageLock {
  packages: Record<
    string,
    { version?: string; integrity?: string; dependencies?: Record<string, string>; dev?: boolean } | undefined
  >;
}

/** What the extension is called and which version of it this is. */
interface Subject {
  name: string;
  version: string;
  license: string;
}

/**
 * The extension's bill of materials: CycloneDX 1.5 as JSON, of the packages of which a file went into a bundle, each with the hash of
 * what the registry delivered. It carries no time and no serial number, so that the same sources give the same bytes.
 * @see https://cyclonedx.org/docs/1.5/json/
 */
export function sbom(subject: Subject, packages: BundledPackage[], lock: PackageLock): string {
  const refs = new Map(packages.map((each) => [each.folder, purl(each)]));
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': purl(subject), ...described(subject) } },
    components: packages
      .filter(
        ({ folder }, index) => packages.findIndex((other) => refs.get(other.folder) === refs.get(folder)) === index,
      )
      .map((each) => ({
        type: 'library',
        'bom-ref': purl(each),
        ...described(each),
        purl: purl(each),
        hashes: [sha512(each, lock)],
      })),
    dependencies: packages.map(({ folder }) => ({
      ref: refs.get(folder),
      dependsOn: Object.keys(lock.packages[folder]?.dependencies ?? {})
        .map((name) => refs.get(resolved(folder, name, lock)))
        .filter((ref) => ref !== undefined),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function described({ name, version, license }: Subject) {
  return { name, version, licenses: [{ license: { id: license } }] };
}

/** The package URL: the @ of a scope is escaped, its slash is not. */
function purl({ name, version }: Subject): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function sha512({ name, folder }: BundledPackage, lock: PackageLock) {
  const [, base64] = /\bsha512-(\S+)/.exec(lock.packages[folder]?.integrity ?? '') ?? [];
  if (!base64) throw new Error(`package-lock.json has no SHA-512 of ${name} (${folder}).`);
  return { alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') };
}

/** The folder from which a package gets another: the nearest node_modules that has it, as Node looks for it. */
function resolved(from: string, name: string, lock: PackageLock): string {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const candidate = `${folder ? `${folder}/` : ''}node_modules/${name}`;
    if (lock.packages[candidate] || !folder) return candidate;
  }
}
