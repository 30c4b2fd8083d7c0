import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatReference, parseReference } from '../../tasks/DockerBaseStaleCheck/reference';
import { parseChallenges } from '../../tasks/DockerBaseStaleCheck/registry/challenge';
import { readConfig, readManifest } from '../../tasks/DockerBaseStaleCheck/registry/manifest';
import { organizationUrl } from '../../tasks/lib/organizationUrl';
import { bounded } from './bounded';
import { randomOf } from './random';
import { misshapen } from './shapes';
import { kept, piecesOf } from './texts';

const REFERENCE = piecesOf(
  `docker.io|/|library|ubuntu|:|latest|@sha256:|@|${'a1'.repeat(32)}|localhost|:5000|[::1]|..|.|__|-|_|A|%2F|http://|?|#| |é|$X|\u0000`.split(
    '|',
  ),
);
const CHALLENGE = piecesOf(
  `Bearer |Basic |Negotiate |realm|service|scope|=|"|,| |https://h/token|repository:a:pull|\\|\\"|==|a68+/|;|'|\t|é|\u0000|error|Digest |"a,b"`.split(
    '|',
  ),
);

describe('Any text from a registry or for one', function () {
  this.timeout(60_000);

  it('is a reference that reads the same when it is written, or none', () =>
    fc.assert(
      fc.asyncProperty(REFERENCE, async (text) => {
        const read = await bounded(() => parseReference(text));
        if (read && !('error' in read)) assert.deepEqual(parseReference(formatReference(read)), read);
      }),
      kept(20261131, 6000, [['a'.repeat(5000)], ['a-'.repeat(3000)], [`${'a.'.repeat(3000)}/b`]]),
    ));

  it('is a list of challenges, each with a scheme', () =>
    fc.assert(
      fc.asyncProperty(CHALLENGE, async (text) => {
        for (const { scheme } of (await bounded(() => parseChallenges(text))) ?? [])
          assert.match(scheme, /^[^\s",=]+$/);
      }),
      kept(20261132, 6000, [
        [`Bearer realm="${'\\"'.repeat(20_000)}`],
        [`Bearer ${'a'.repeat(50_000)}`],
        [`a${' '.repeat(50_000)}=`],
      ]),
    ));

  it('is a manifest or a configuration, or none', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '10.0.1' };
    const documents = [
      { schemaVersion: 2, manifests: [{ digest, platform, annotations: {} }] },
      { schemaVersion: 2, config: { digest }, layers: [{ digest }] },
      {
        ...platform,
        created: '2026-01-01T00:00:00Z',
        rootfs: { diff_ids: [digest] },
        history: [{}],
        config: { Env: ['A=1'] },
      },
    ];
    for (let seed = 1; seed <= 1500; seed++) {
      const random = randomOf(seed);
      const text = JSON.stringify(misshapen(random.pick(documents), random));
      await bounded(() => [readManifest(text), readConfig(text)]);
    }
  });

  it('is the address of an organization or a sentence that says why not', () =>
    fc.assert(
      fc.asyncProperty(
        piecesOf(
          'https://|http://|dev.azure.com|contoso|.visualstudio.com|/|:443|tfs|@|user:pw|?a=b|#x|%20|%E0%A4|[::1]|\\| |é|..'.split(
            '|',
          ),
        ),
        async (text) => {
          await bounded(() => organizationUrl(text, 'organization'));
        },
      ),
      kept(20261133, 4000),
    ));
});
