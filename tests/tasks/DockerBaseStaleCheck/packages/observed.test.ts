import assert from 'node:assert/strict';
import { readObserved } from '../../../../tasks/DockerBaseStaleCheck/packages/observed';
import { mutations } from './mutations';

const LISTS: Record<string, { format: string; text: string; packages: string[] }> = {
  'SPDX 2': {
    format: 'spdx',
    text: JSON.stringify({
      spdxVersion: 'SPDX-2.3',
      packages: [
        {
          name: 'numpy',
          versionInfo: '2.0',
          externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:pypi/numpy@2.0' }],
        },
        {
          name: 'libc6',
          externalRefs: [
            { referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:a:x:x:1:*:*' },
            {
              referenceType: 'purl',
              referenceLocator: 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12',
            },
          ],
        },
        { name: 'passwd', externalRefs: [{ referenceLocator: 'pkg:deb/debian/passwd@4.13?arch=amd64&epoch=1' }] },
        { name: 'left out', externalRefs: [{ referenceLocator: 'pkg:golang/x/y@v1' }] },
        null,
      ],
    }),
    packages: ['apt libc6 2.36-9+deb12u4', 'apt passwd 1:4.13', 'pip numpy 2.0'],
  },
  'SPDX 2 in a statement': {
    format: 'spdx',
    text: JSON.stringify({
      _type: 'https://in-toto.io/Statement/v0.1',
      predicate: {
        spdxVersion: 'SPDX-2.3',
        packages: [{ externalRefs: [{ referenceLocator: 'pkg:apk/alpine/musl@1.2.5-r0' }] }],
      },
    }),
    packages: ['apk musl 1.2.5-r0'],
  },
  CycloneDX: {
    format: 'cyclonedx',
    text: JSON.stringify({
      bomFormat: 'CycloneDX',
      components: [
        { name: 'x', purl: 'pkg:npm/%40s/x@1.2.3', components: [{ purl: 'pkg:cran/dplyr@1.1.4' }] },
        { name: 'y', purl: 'pkg:conda/r-base@4.4.1?build=0&channel=conda-forge' },
        { name: 'z', purl: 'pkg:pypi/no-version' },
      ],
    }),
    packages: ['conda r-base 4.4.1', 'cran dplyr 1.1.4', 'npm @s/x 1.2.3'],
  },
  'conda list --json': {
    format: 'conda list',
    text: JSON.stringify([
      { base_url: 'https://conda.anaconda.org/conda-forge', channel: 'conda-forge', name: 'python', version: '3.12.1' },
      { channel: 'pypi', name: 'Ruamel.Yaml', version: '0.18' },
    ]),
    packages: ['conda python 3.12.1', 'pip ruamel-yaml 0.18'],
  },
  'pip list --format=json': {
    format: 'pip list',
    text: '[{"name":"pip","version":"24.0"}]',
    packages: ['pip pip 24.0'],
  },
  'pip freeze': {
    format: 'pip freeze',
    text: '# editable\n-e git+https://h/o/r@abc#egg=r\nNumPy==2.0\nfoo @ file:///wheels/foo-1.2-py3-none-any.whl#sha256=00\nbar @ git+https://h/o/bar\n',
    packages: ['pip foo 1.2', 'pip numpy 2.0'],
  },
  'dpkg -l': {
    format: 'dpkg',
    text: `Desired=Unknown/Install/Remove/Purge/Hold
| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend
|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)
||/ Name           Version            Architecture Description
+++-==============-==================-============-=================================
ii  adduser        3.134              all          add and remove users and groups
hi  libc6:amd64    2.36-9+deb12u4     amd64        GNU C Library: Shared libraries
rc  gone           1.0                all          removed, its configuration is left
`,
    packages: ['apt adduser 3.134', 'apt libc6 2.36-9+deb12u4'],
  },
  'dpkg-query -W': {
    format: 'dpkg',
    text: 'adduser\t3.134\r\nlibc6:amd64\t2.36-9+deb12u4\r\nlibgone\t\r\n',
    packages: ['apt adduser 3.134', 'apt libc6 2.36-9+deb12u4'],
  },
  'apk info -v': {
    format: 'apk info',
    text: 'WARNING: opening from cache: no such file\nmusl-1.2.5-r0\nlibcrypto3-3.3.0-r2\npy3-foo-1.0_rc1-r10\nbusybox-1.36.1-r29 - Size optimized toolbox\n',
    packages: ['apk busybox 1.36.1-r29', 'apk libcrypto3 3.3.0-r2', 'apk musl 1.2.5-r0', 'apk py3-foo 1.0_rc1-r10'],
  },
  "R's installed.packages()": {
    format: 'installed.packages',
    text: '"","Package","LibPath","Version","Priority","Depends"\n"dplyr","dplyr","/lib","1.1.4",NA,"R (>= 3.5.0), methods"\n"base","base","/lib","4.4.1","base",NA\n',
    packages: ['cran base 4.4.1', 'cran dplyr 1.1.4'],
  },
  "R's installed.packages() without row names": {
    format: 'installed.packages',
    text: 'Package,Version\ndplyr,1.1.4\n',
    packages: ['cran dplyr 1.1.4'],
  },
};

describe('lists of observed packages', () => {
  for (const [title, { format, text, packages }] of Object.entries(LISTS)) {
    it(`are known by themselves: ${title}`, () => {
      const observed = readObserved(text);
      assert.ok('packages' in observed, JSON.stringify(observed));
      assert.equal(observed.format, format);
      assert.deepEqual(
        observed.packages.map(({ manager, name, version }) => `${manager} ${name} ${version}`),
        packages,
      );
    });
  }

  it('say in one sentence what is wrong with them', () => {
    const table: [string, RegExp][] = [
      ['', /is empty\.$/],
      ['{"a": ', /is no JSON: .+\.$/],
      ['{}', /neither SPDX nor CycloneDX/],
      ['{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}', /is SPDX 3; SPDX 2 JSON is read\.$/],
      ['[{"x": 1}]', /no list with name and version\.$/],
      ['Package,Priority\nx,1', /no column 'Version'\.$/],
      ['numpy==2.0\nwhat is this?', /not understood at 'what is this\?'\.$/],
      ['hello', /no format that is known/],
    ];
    for (const [text, expected] of table) {
      const observed = readObserved(text);
      assert.ok('error' in observed, text);
      assert.match(observed.error, expected);
      assert.doesNotMatch(observed.error, /\n/);
    }
  });

  it('may be empty where the format says so', () => {
    assert.deepEqual(readObserved('[]'), { format: 'pip list', packages: [] });
    assert.deepEqual(readObserved('{"bomFormat":"CycloneDX"}'), { format: 'cyclonedx', packages: [] });
  });

  it('may be any text', () => {
    for (const { text } of Object.values(LISTS)) {
      for (const mutated of mutations(text, { seed: 3, count: 300 })) readObserved(mutated);
    }
    for (const piece of ['[', '{"predicate":', '"', 'a-1-r0\n', 'a,', ',"Package"\n', 'a @ -'])
      readObserved(piece.repeat(50_000));
  });
});
