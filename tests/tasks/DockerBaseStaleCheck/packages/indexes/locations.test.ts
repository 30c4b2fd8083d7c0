import assert from 'node:assert/strict';
import { readAptSources, suitesOf } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/aptSources';
import { indexLocations } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/indexLocations';
import { npmLogin } from '../../../../../tasks/DockerBaseStaleCheck/packages/indexes/npmLogins';
import type { Manager } from '../../../../../tasks/DockerBaseStaleCheck/packages/versions/schemes';

const LIST = `# a comment
deb [signed-by=/x.gpg] http://mirror.contoso.example/debian bookworm main contrib
deb-src http://mirror.contoso.example/debian bookworm main
deb mirror+file:/etc/apt/mirrors.txt bookworm main
`;
const SOURCES = `Types: deb deb-src
# http://snapshot.contoso.example/debian/20250520T000000Z
URIs: http://mirror.contoso.example/debian http://second.contoso.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.contoso.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.contoso.example/debian
Suites: sid
`;

const noRegistry = { registryOf: () => Promise.resolve('https://npm.contoso.example/'), aptArchives: [] };

function locationsOf(given: [Manager, string][], environment: Record<string, string> = {}) {
  return indexLocations(new Map(given), (name) => environment[name], noRegistry);
}

describe("apt's sources", () => {
  it('are read in both of their formats', () => {
    assert.deepEqual(readAptSources(LIST), [{ url: 'http://mirror.contoso.example/debian', suites: ['bookworm'] }]);
    assert.deepEqual(
      readAptSources(SOURCES).map(({ url, suites }) => `${url} ${suites.join(' ')}`),
      [
        'http://mirror.contoso.example/debian bookworm bookworm-updates',
        'http://second.contoso.example/debian bookworm bookworm-updates',
        'http://mirror.contoso.example/debian-security bookworm-security',
      ],
    );
  });

  it('are those given, else those of the agent, else those of the distribution', () => {
    const image = { distribution: 'debian' as const, release: 'bookworm', architecture: 'amd64' };
    const urls = (more: Partial<Parameters<typeof suitesOf>[1]>) =>
      suitesOf(image, { given: undefined, archives: [], ...more }).map(({ url, suite }) => `${url} ${suite}`);
    assert.deepEqual(urls({ given: 'https://m.example/debian/' }), [
      ...['https://m.example/debian/ bookworm', 'https://m.example/debian/ bookworm-updates'],
      'https://m.example/debian-security bookworm-security',
    ]);
    assert.equal(
      urls({ archives: readAptSources(SOURCES) })[2],
      'http://mirror.contoso.example/debian-security bookworm-security',
    );
    assert.match(urls({})[0] ?? '', /^http:\/\/ftp\.debian\.org\/debian bookworm$/);
    const old = suitesOf({ ...image, release: 'buster' }, { given: undefined, archives: [] });
    assert.equal(old[2]?.suite, 'buster/updates');
    const ports = suitesOf(
      { ...image, distribution: 'ubuntu', release: 'noble', architecture: 'arm64' },
      { given: undefined, archives: [] },
    );
    assert.match(ports[0]?.url ?? '', /ports/);
  });
});

describe('Indexes', () => {
  it('are those of the input, else of the environment, else the own ones of the ecosystem', () => {
    assert.equal(locationsOf([]).pip.index, 'https://pypi.org/simple');
    const environment = {
      PIP_INDEX_URL: 'https://e.example/simple',
      PIP_EXTRA_INDEX_URL: 'https://x.example/a https://x.example/b',
    };
    assert.deepEqual(locationsOf([], environment).pip, {
      ...{ index: 'https://e.example/simple', extraIndexes: ['https://x.example/a', 'https://x.example/b'] },
    });
    assert.deepEqual(locationsOf([['pip', 'https://p.example/simple']], environment).pip, {
      ...{ index: 'https://p.example/simple', extraIndexes: [] },
    });
    assert.deepEqual(locationsOf([], { CRAN: 'https://c.example' }).cran, ['https://c.example']);
  });

  it('that are given take the place of the own one where a Dockerfile writes that, and of no other', () => {
    const { instead } = locationsOf([['pip', 'https://p.example/simple/']]);
    assert.equal(instead('pip', 'https://pypi.org/simple/'), 'https://p.example/simple');
    assert.equal(instead('pip', 'https://pypi.org/simplest'), 'https://pypi.org/simplest');
    assert.equal(instead('npm', 'https://pypi.org/simple'), 'https://pypi.org/simple');
  });
});

describe("npm's logins", () => {
  const user = '//npm.example/feed/:_authToken=${TOKEN}\n//npm.example/:_authToken=root\n';
  const basic = `//b.example/npm/:username=u\n//b.example/npm/:_password=${Buffer.from('p').toString('base64')}\n`;
  const login = (url: string, files = [user, basic]) =>
    npmLogin(url, files, (name) => (name === 'TOKEN' ? 't' : undefined));

  it('are those of the longest path that fits, on the same host', () => {
    assert.equal(login('https://npm.example/feed/left-pad'), 'Bearer t');
    assert.equal(login('https://npm.example/other'), 'Bearer root');
    assert.equal(login('https://b.example/npm/x'), `Basic ${Buffer.from('u:p').toString('base64')}`);
    assert.equal(login('https://evil.example/feed'), undefined);
    assert.equal(login('https://npm.example.evil/feed'), undefined);
  });
});
