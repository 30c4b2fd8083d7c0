import assert from 'node:assert/strict';
import { parseCommand } from '../../cli/commands';

describe('A logging command in a line of the task', () => {
  it('is read with its properties and data unescaped', () => {
    assert.deepEqual(parseCommand('##vso[task.setvariable variable=a%3Bb;isOutput=true;]one%0Atwo %AZP253B'), {
      name: 'task.setvariable',
      properties: { variable: 'a;b', isoutput: 'true' },
      data: 'one\ntwo %3B',
    });
  });

  it('may have no properties and no data', () => {
    assert.deepEqual(parseCommand('##vso[task.debug]'), { name: 'task.debug', properties: {}, data: '' });
  });

  it('may stand anywhere in the line, as for an agent', () => {
    assert.equal(parseCommand('x ##vso[task.complete result=Failed;]done')?.name, 'task.complete');
  });

  it('is none where the marker was made harmless or the command is cut off', () => {
    assert.equal(parseCommand('##_vso[task.debug]x'), undefined);
    assert.equal(parseCommand('##vso[task.debug x'), undefined);
  });
});
