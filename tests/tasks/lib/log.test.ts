import assert from 'node:assert/strict';
import { harmless, markdownText, shorten } from '../../../tasks/lib/log';
import { parseCommand } from '../../agent/command';

describe('Text of others in the log', () => {
  const commands = [
    '##vso[task.setvariable variable=x]y',
    'before ##vso[task.complete result=Succeeded]',
    '##VSO[task.complete result=Succeeded]',
    '####vso[task.complete result=Succeeded]',
    '##\u0000vso[task.complete result=Succeeded]',
    '##vso [task.complete result=Succeeded]',
    'one\r##vso[task.complete result=Succeeded]',
    'one\n##vso[task.complete result=Succeeded]',
    'one\u2028##vso[task.complete result=Succeeded]',
    '##vso[##vso[task.complete result=Succeeded]',
  ];
  for (const text of commands) {
    it(`cannot be a command: ${JSON.stringify(text)}`, () => {
      for (const line of harmless(text).split(/\r\n|\r|\n/)) {
        assert.equal(parseCommand(line), undefined, line);
        assert.doesNotMatch(line, /##vso\s*\[/i);
      }
    });
  }

  for (const mark of ['error', 'warning', 'section', 'group', 'command', 'debug']) {
    it(`cannot look like the agent's own ##[${mark}]`, () => {
      assert.equal(harmless(`##[${mark}]x`), `##_[${mark}]x`);
    });
  }

  it('cannot rewrite what a terminal shows', () => {
    assert.equal(harmless('a\u001b[2Kb\u0008c\u007fd\u0085e\u009b2Kf'), 'a [2Kb c d e 2Kf');
  });

  it('is otherwise as it was written, tabs and signs too', () => {
    const text = 'ä # ## [x] %3B\t→ $(x) 🚀';
    assert.equal(harmless(text), text);
  });
});

describe('Text of others in the summary', () => {
  const rows: [text: string, shown: string][] = [
    ['plain text', 'plain text'],
    ['a | b', 'a \\| b'],
    ['two\r\n  lines', 'two lines'],
    ['<img src=x onerror=y>', '&lt;img src=x onerror=y&gt;'],
    ['&lt;b&gt;', '&amp;lt;b&amp;gt;'],
    ['[x](http://y)', '\\[x\\]\\(http\\://y\\)'],
    ['![x](y)', '\\!\\[x\\]\\(y\\)'],
    ['`code` *bold* _it_ ~no~', '\\`code\\` \\*bold\\* \\_it\\_ \\~no\\~'],
    ['# 1. - +', '\\# 1\\. \\- \\+'],
    ['www.example.com @you', 'www\\.example\\.com \\@you'],
    ['back\\slash', 'back\\\\slash'],
  ];
  for (const [text, shown] of rows)
    it(`is shown as it is: ${JSON.stringify(text)}`, () => assert.equal(markdownText(text), shown));

  it('is cut with an ellipsis', () => {
    assert.equal(shorten('abcdef', 6), 'abcdef');
    assert.equal(shorten('abcdefg', 6), 'abcde…');
  });
});
