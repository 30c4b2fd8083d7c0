import assert from 'node:assert/strict';
import { idleMinimumAt, readIdleMinimum } from '../../agents/plan/idleMinimum';

describe('the idle minimum', () => {
  const cases: [string, string, number][] = [
    ['2', '2026-11-21T03:00:00Z', 2],
    ['2@Mon-Fri 07:00-19:00 Europe/Berlin', '2026-11-20T05:59:00Z', 0],
    ['2@Mon-Fri 07:00-19:00 Europe/Berlin', '2026-11-20T06:00:00Z', 2],
    ['2@Mon-Fri 07:00-19:00 Europe/Berlin', '2026-11-20T18:00:00Z', 0],
    ['2@Mon-Fri 07:00-19:00 Europe/Berlin', '2026-11-21T12:00:00Z', 0],
    ['2@Mon-Fri 07:00-19:00 Europe/Berlin', '2026-07-20T05:00:00Z', 2],
    ['2@mon-fri 7:00-19:00', '2026-11-20T07:00:00Z', 2],
    ['1@Fri 22:00-06:00', '2026-11-20T23:00:00Z', 1],
    ['1@Fri 22:00-06:00', '2026-11-21T05:59:00Z', 1],
    ['1@Fri 22:00-06:00', '2026-11-20T05:00:00Z', 0],
    ['1@Sat-Sun 00:00-24:00', '2026-11-22T23:59:00Z', 1],
    ['1@Sat-Mon,Wed 00:00-24:00', '2026-11-23T00:00:00Z', 1],
    ['1; 5@Fri 08:00-09:00', '2026-11-20T08:30:00Z', 5],
    ['1; 5@Fri 08:00-09:00', '2026-11-20T09:30:00Z', 1],
    ['3@Fri 08:00-08:00', '2026-11-20T12:00:00Z', 3],
  ];
  for (const [text, time, expected] of cases) {
    it(`'${text}' is ${expected} at ${time}`, () => {
      assert.equal(idleMinimumAt(readIdleMinimum(text) ?? assert.fail('not read'), Date.parse(time)), expected);
    });
  }

  for (const text of [
    '',
    '-1',
    '2.5',
    '2@',
    '2@Mon',
    '2@Foo 07:00-19:00',
    '2@Mon 07:00-25:00',
    '2@Mon 07:60-08:00',
    '2@Mon 07:00-19:00 Mars',
    '1;',
  ]) {
    it(`'${text}' is not a minimum`, () => assert.equal(readIdleMinimum(text), undefined));
  }
});
