import assert from 'node:assert/strict';
import fc from 'fast-check';
import { harmless, markdownText } from '../../tasks/lib/log';
import { Secrets } from '../../tasks/lib/secrets';
import { parseCommand, unescapeCommandText } from '../agent/command';
import { bounded } from './bounded';
import { kept, piecesOf } from './texts';

const COMMANDS = piecesOf(
  `##vso[|##VSO[|##vSo [|##vso\t[|##[|##[error]|####|#|[|]|task.setvariable variable=x;isSecret=true|task.complete result=Succeeded;|\r|\n|\r\n|\u2028|\u2029|\u0085|\u000b|\u000c|\u0000|\u001b[2K|\u200b|\u00ad|\ufeff|\u202e|＃＃vso[|﹟﹟vso[|##ᵛso[|##vsо[|%23%23vso[|%5B|%0D%0A##vso[|%AZP25|##%76so[|&#35;&#35;vso[|##vso&lbrack;|<b>|y`.split(
    '|',
  ),
);

/** The agent's own reading, without regard to case, which is more than it does. */
function holdsCommand(text: string): boolean {
  return text
    .split(/\r\n|\r|\n/)
    .some(
      (line) => parseCommand(line.toLowerCase()) !== undefined || /##vso\s*\[/i.test(line) || /^\s*##\[/.test(line),
    );
}

describe('Any text of others in a log', function () {
  this.timeout(60_000);

  it('holds no command and no tag of the log, however it is split, and none when it is made harmless twice', () =>
    fc.assert(
      fc.asyncProperty(COMMANDS, async (text) => {
        const shown = (await bounded(() => harmless(text))) ?? '';
        assert.ok(!holdsCommand(shown), JSON.stringify(shown));
        assert.equal(harmless(shown), shown);
      }),
      kept(20261141, 8000, [
        ['##vso['],
        ['##\rvso['],
        ['##vso##vso[['],
        ['##vso['.repeat(5000)],
        ['#'.repeat(50_000) + 'vso['],
        [`##vso${' '.repeat(50_000)}[`],
      ]),
    ));

  it('holds none either as the data of a warning, which the agent unescapes', () =>
    fc.assert(
      fc.property(COMMANDS, (text) => {
        // What task-lib escapes and the agent unescapes is what was given; more than that must not come out.
        const printed = harmless(text);
        const inCommand = printed.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
        assert.ok(!holdsCommand(unescapeCommandText(inCommand)));
      }),
      kept(20261142, 4000),
    ));

  it('stays text in Markdown: no tag, no link, one line', () =>
    fc.assert(
      fc.asyncProperty(
        piecesOf('<|>|&|[|]|(|)|!|`|*|_|\\|\n|http://x|javascript:|"|a|| |#|^|~~|$$|<!--|-->|{{|@x|&lt;'.split('|')),
        async (text) => {
          const shown = (await bounded(() => markdownText(text))) ?? '';
          assert.doesNotMatch(shown, /[<>\n\r]/);
          assert.doesNotMatch(shown, /(?<!\\)(?:\\\\)*[[\]()`*_!]/);
        },
      ),
      kept(20261143, 6000),
    ));

  it('holds no secret once it is redacted, in none of the forms that are known', () =>
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 40 }), fc.string({ maxLength: 10 }), (secret, around) => {
        fc.pre(secret.trim().length > 7);
        const secrets = new Secrets(() => undefined);
        secrets.add(secret);
        for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
          assert.ok(!secrets.redact(`${around}${form}${around}`).includes(form));
      }),
      kept(20261144, 3000),
    ));
});
