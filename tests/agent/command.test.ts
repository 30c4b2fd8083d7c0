import assert from 'node:assert/strict';
import { parseCommand, unescapeCommandText } from './command';

describe('parseCommand', () => {
  const understood: [line: string, name: string, properties: Record<string, string>, data: string][] = [
    ['##vso[task.complete result=Failed]no', 'task.complete', { result: 'Failed' }, 'no'],
    ['text before ##vso[task.debug]x', 'task.debug', {}, 'x'],
    ['##vso[task.debug]a ##vso[task.complete]', 'task.debug', {}, 'a ##vso[task.complete]'],
    [
      '##vso[Task.SetVariable Variable=A;ISSECRET=true;]v',
      'Task.SetVariable',
      { variable: 'A', issecret: 'true' },
      'v',
    ],
    ['##vso[task.logissue type=error;code=]m', 'task.logissue', { type: 'error' }, 'm'],
    ['##vso[task.logissue =x;type;;a=b=c]', 'task.logissue', { a: 'b=c' }, ''],
    ['##vso[task.logissue  type = error ]m', 'task.logissue', { ' type ': ' error ' }, 'm'],
    ['##vso[a.b x==1;y=1==]', 'a.b', { x: '1', y: '1==' }, ''],
    ['##vso[a.b x=1;X=2]', 'a.b', { x: '2' }, ''],
    ['##vso[.task..debug]x', 'task.debug', {}, 'x'],
    ['##vso[a.b x=1%3B2%5D%0A%AZP25]%0D%0A%5D%AZP253B', 'a.b', { x: '1;2]\n%' }, '\r\n]%3B'],
    ['##vso[a.b x=[1]2]3', 'a.b', { x: '[1' }, '2]3'],
  ];
  for (const [line, name, properties, data] of understood) {
    it(`understands ${JSON.stringify(line)}`, () => {
      const command = parseCommand(line);
      assert.deepEqual(command && { name: `${command.area}.${command.event}`, ...command }, {
        name,
        area: name.split('.')[0],
        event: name.split('.')[1],
        properties,
        data,
      });
    });
  }

  const refused = [
    'plain',
    '',
    '##VSO[task.debug]x',
    '## vso[task.debug]x',
    '##vso[task.debug',
    ']##vso[task.debug',
    '##vso[task]x',
    '##vso[task.]x',
    '##vso[a.b.c]x',
    '##vso[ task.debug]x',
    '##_vso[task.debug]x',
  ];
  for (const line of refused) {
    it(`sees no command in ${JSON.stringify(line)}`, () => assert.equal(parseCommand(line), undefined));
  }

  it('unescapes only what the agent escapes, with case', () => {
    assert.equal(unescapeCommandText('%25%0a%3b%3B%20'), '%25%0a%3b;%20');
  });
});
