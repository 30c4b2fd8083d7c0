import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { sbom } from '../../scripts/sbom';
import { packagedFiles, readJson, root, textIn } from './thePackage';

interface Component {
  'bom-ref': string;
  name: string;
  version: string;
  purl: string;
  hashes: object[];
  licenses: object[];
}

interface Document {
  bomFormat: string;
  specVersion: string;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

describe('The bill of materials in the package', function () {
  this.timeout(60_000);
  let document: Document;
  before(() => {
    document = JSON.parse(textIn(packagedFiles(), 'sbom.cdx.json')) as Document;
  });

  it('is CycloneDX of this version', () => {
    const { version } = readJson<{ version: string }>('package.json');
    assert.deepEqual([document.bomFormat, document.specVersion], ['CycloneDX', '1.5']);
    assert.equal(document.metadata.component.version, version);
  });

  it('names the packages of the third-party notices and no others', () => {
    const notices = textIn(packagedFiles(), 'ThirdPartyNotices.txt');
    const noticed = [...notices.matchAll(/^-{80}\n(\S+) (\S+) \(/gm)].map(([, name, version]) => `${name} ${version}`);
    const named = document.components.map(({ name, version }) => `${name} ${version}`);
    assert.deepEqual(named.sort(), noticed.sort());
    assert.ok(named.length > 10, `${named.length} packages`);
  });

  it('says of each what npm says of it: package URL, hash and licence', () => {
    const said = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 << 20,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const npms = new Map((JSON.parse(said) as Document).components.map((each) => [each.purl, each]));
    for (const { purl, hashes, licenses } of document.components) {
      assert.deepEqual(
        { hashes, licenses },
        { hashes: npms.get(purl)?.hashes, licenses: npms.get(purl)?.licenses },
        purl,
      );
    }
  });

  it('says which of them needs which', () => {
    const refs = new Set(document.components.map((each) => each['bom-ref']));
    const edges = document.dependencies.flatMap(({ dependsOn }) => dependsOn);
    assert.ok(edges.length > 3 && edges.every((ref) => refs.has(ref)), edges.join());
    const client = document.dependencies.find(({ ref }) => ref.startsWith('pkg:npm/azure-devops-node-api@'));
    assert.ok(
      client?.dependsOn.some((ref) => ref.startsWith('pkg:npm/typed-rest-client@')),
      String(client?.dependsOn),
    );
  });

  it('is not made for a package of which package-lock.json has no hash', () => {
    const unknown = { name: '@a/b', version: '1.0.0', license: 'MIT', folder: 'node_modules/@a/b' };
    const subject = { name: 'x', version: '1.0.0', license: 'MIT' };
    assert.throws(() => sbom(subject, [unknown], { packages: {} }), /package-lock\.json has no SHA-512 of @a\/b/);
  });
});
