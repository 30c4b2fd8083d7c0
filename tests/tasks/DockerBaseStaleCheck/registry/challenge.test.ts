import assert from 'node:assert/strict';
import { parseChallenges } from '../../../../tasks/DockerBaseStaleCheck/registry/challenge';
import { realmRefusal } from '../../../../tasks/DockerBaseStaleCheck/registry/hosts';

type Row = [header: string | string[] | undefined, ...expected: [scheme: string, parameters: Record<string, string>][]];

const ROWS: Row[] = [
  [undefined],
  [''],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      'bearer',
      { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
    ],
  ],
  [
    'bearer REALM="https://Codeberg.org/v2/token" , Service=x, Basic realm="https://Codeberg.org"',
    ['bearer', { realm: 'https://Codeberg.org/v2/token', service: 'x' }],
    ['basic', { realm: 'https://Codeberg.org' }],
  ],
  [
    ['Basic realm="a, b"', 'Bearer realm="c"'],
    ['basic', { realm: 'a, b' }],
    ['bearer', { realm: 'c' }],
  ],
  ['Basic realm="say \\"hello\\""', ['basic', { realm: 'say "hello"' }]],
  ['Negotiate, Basic realm=x', ['negotiate', {}], ['basic', { realm: 'x' }]],
  ['Negotiate YWJj==, Bearer realm="c"', ['negotiate', {}], ['bearer', { realm: 'c' }]],
  ['Bearer', ['bearer', {}]],
  ['Bearer realm="never ends', ['bearer', {}]],
  ['"nothing"'],
];

describe('Challenges of registries', () => {
  for (const [header, ...expected] of ROWS) {
    it(`reads ${JSON.stringify(header)}`, () => {
      const read = parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
      assert.deepEqual(read, expected);
    });
  }

  const allowed: [realm: string, registry: string][] = [
    ['https://auth.docker.io/token', 'https://registry-1.docker.io'],
    ['https://10.0.0.5/token', 'https://10.0.0.5'],
    ['http://127.0.0.1:5001/token', 'http://127.0.0.1:5000'],
    ['http://registry.local:5000/token', 'http://registry.local:5000'],
  ];
  const refused: [realm: string, registry: string][] = [
    ['http://auth.docker.io/token', 'https://registry-1.docker.io'],
    ['http://elsewhere.example/token', 'http://registry.local:5000'],
    ['https://10.0.0.5/token', 'https://registry.example'],
    ['https://127.0.0.1/token', 'https://registry.example'],
    ['https://169.254.169.254/metadata', 'https://registry.example'],
    ['https://[::1]/token', 'https://registry.example'],
    ['https://[fd00::1]/token', 'https://registry.example'],
    ['https://user:x@registry.example/', 'https://registry.example'],
    ['/token', 'https://registry.example'],
  ];
  it('are answered at safe addresses only', () => {
    for (const [realm, registry] of allowed) assert.equal(realmRefusal(realm, registry), undefined, realm);
    for (const [realm, registry] of refused) assert.ok(realmRefusal(realm, registry), realm);
  });
});
