import assert from 'node:assert/strict';
import { releaseEnd, type Selection } from '../../../tasks/lib/releases/releaseEnd';
import type { Condition, Environment, Release } from '../../../tasks/lib/releases/wire';

/**
 * A stage as `name status trigger`: `*` deploys with the release, `by-hand` by a person only, `<A+B` after A and B, `<~A` also when A
 * succeeded partially, `@x` with an artifact filter that does not fit; `#2` is the newest attempt.
 */
function stage(text: string, rank: number): Environment {
  const [name = '', status = '', ...rest] = text.split(' ');
  const attempt = rest.find((word) => word.startsWith('#'));
  return {
    id: rank,
    name,
    rank,
    status,
    conditions: rest.flatMap(conditions),
    deploySteps: status === 'notStarted' ? [] : [{ attempt: Number(attempt?.slice(1) ?? 1) }],
  };
}

function conditions(word: string): Condition[] {
  if (word === '*') return [{ name: 'ReleaseStarted', conditionType: 'event', value: '' }];
  if (word.startsWith('@')) return [{ name: word.slice(1), conditionType: 'artifact', value: '{}', result: false }];
  if (!word.startsWith('<')) return [];
  return word
    .slice(1)
    .split('+')
    .map((name) => ({
      name: name.replace('~', ''),
      conditionType: 'environmentState',
      value: name.startsWith('~') ? '132' : '4',
    }));
}

function release(stages: string[], status = 'active'): Release {
  return { id: 1, name: 'Release-1', status, environments: stages.map((text, index) => stage(text, index + 1)) };
}

const ALL: Selection = { stages: [] };
const OVER: Selection = { stages: [], dueIsOver: true };
const only = (...stages: string[]): Selection => ({ stages });
const from = (attempt: number, ...stages: string[]): Selection => ({
  stages,
  plans: new Map(stages.map((name) => [name.toLowerCase(), { fromAttempt: attempt }])),
});
const held = (name: string, ...stages: string[]): Selection => ({
  stages,
  plans: new Map([[name.toLowerCase(), { conditions: [] }]]),
});

/** What is expected: `goes on`, or the result of the end. */
const CASES: [what: string, stages: string[], selection: Selection, expected: string, status?: string][] = [
  ['one stage that succeeded', ['Dev succeeded *'], ALL, 'succeeded'],
  ['one stage in progress', ['Dev inProgress *'], ALL, 'goes on'],
  ['one stage that waits in a queue', ['Dev queued *'], ALL, 'goes on'],
  ['one stage that is scheduled', ['Dev scheduled *'], ALL, 'goes on'],
  ['one stage that was rejected', ['Dev rejected *'], ALL, 'failed'],
  ['one stage that was canceled', ['Dev canceled *'], ALL, 'canceled'],
  ['one stage that partially succeeded', ['Dev partiallySucceeded *'], ALL, 'partiallySucceeded'],
  ['a release that was created a moment ago', ['Dev notStarted *', 'Test notStarted <Dev'], ALL, 'goes on'],
  ['a stage behind one in progress', ['Dev inProgress *', 'Test notStarted <Dev'], ALL, 'goes on'],
  ['a stage behind one that has just succeeded', ['Dev succeeded *', 'Test notStarted <Dev'], ALL, 'goes on'],
  ['rejected, and not started behind it', ['Dev rejected *', 'Test notStarted <Dev'], ALL, 'failed'],
  ['canceled, and not started behind it', ['Dev canceled *', 'Test notStarted <Dev'], ALL, 'failed'],
  ['partially succeeded, which is not enough', ['Dev partiallySucceeded *', 'Test notStarted <Dev'], ALL, 'failed'],
  ['partially succeeded, which is enough', ['Dev partiallySucceeded *', 'Test notStarted <~Dev'], ALL, 'goes on'],
  [
    'both partially succeeded',
    ['Dev partiallySucceeded *', 'Test partiallySucceeded <~Dev'],
    ALL,
    'partiallySucceeded',
  ],
  ['canceled beside partially succeeded', ['Dev canceled *', 'QA partiallySucceeded *'], ALL, 'canceled'],
  ['rejected beside canceled', ['Dev canceled *', 'QA rejected *'], ALL, 'failed'],
  ['rejected beside one in progress', ['Dev rejected *', 'QA inProgress *'], ALL, 'goes on'],
  ['behind two, one in progress', ['A succeeded *', 'B inProgress *', 'C notStarted <A+B'], ALL, 'goes on'],
  [
    'behind two, one rejected, one in progress',
    ['A rejected *', 'B inProgress *', 'C notStarted <A+B'],
    ALL,
    'goes on',
  ],
  [
    'that one stage alone, which cannot start',
    ['A rejected *', 'B inProgress *', 'C notStarted <A+B'],
    only('C'),
    'failed',
  ],
  ['behind two, both succeeded', ['A succeeded *', 'B succeeded *', 'C notStarted <A+B'], ALL, 'goes on'],
  ['behind two, one canceled', ['A succeeded *', 'B canceled *', 'C notStarted <A+B'], ALL, 'failed'],
  ['a chain of three that broke at the first', ['A rejected *', 'B notStarted <A', 'C notStarted <B'], ALL, 'failed'],
  ['a chain of three at its last', ['A succeeded *', 'B succeeded <A', 'C inProgress <B'], ALL, 'goes on'],
  ['a chain of three, all succeeded', ['A succeeded *', 'B succeeded <A', 'C succeeded <B'], ALL, 'succeeded'],
  ['a last stage that a person starts', ['Dev succeeded *', 'Prod notStarted by-hand'], ALL, 'succeeded'],
  ['that stage, asked for by name', ['Dev succeeded *', 'Prod notStarted by-hand'], only('Dev', 'Prod'), 'failed'],
  ['that stage, begun by a person', ['Dev succeeded *', 'Prod inProgress by-hand'], ALL, 'goes on'],
  ['behind one that a person starts', ['A succeeded *', 'B notStarted by-hand', 'C notStarted <B'], ALL, 'succeeded'],
  ['behind one that a person started', ['A succeeded *', 'B inProgress by-hand', 'C notStarted <B'], ALL, 'goes on'],
  ['every stage is started by a person', ['A notStarted by-hand', 'B notStarted <A'], ALL, 'failed'],
  [
    'a selection that is done while others go on',
    ['Dev succeeded *', 'Test inProgress <Dev'],
    only('Dev'),
    'succeeded',
  ],
  ['a selection in other letters', ['Dev succeeded *', 'Test inProgress <Dev'], only('dev'), 'succeeded'],
  [
    'a selection behind one that was not selected',
    ['Dev inProgress *', 'Test notStarted <Dev'],
    only('Test'),
    'goes on',
  ],
  ['a stage held back by the step', ['Dev succeeded *', 'Test notStarted <Dev'], held('Test', 'Dev'), 'succeeded'],
  ['a stage held back, without a selection', ['Dev succeeded *', 'Test notStarted <Dev'], held('Test'), 'succeeded'],
  ['redeployed: the attempt before is not the one', ['Dev rejected * #1'], from(2, 'Dev'), 'goes on'],
  ['redeployed: the new attempt runs', ['Dev inProgress * #2'], from(2, 'Dev'), 'goes on'],
  ['redeployed: the new attempt succeeded', ['Dev succeeded * #2'], from(2, 'Dev'), 'succeeded'],
  ['redeployed: the new attempt was rejected, too', ['Dev rejected * #2'], from(2, 'Dev'), 'failed'],
  ['the first is redeployed, the second from before', ['A inProgress * #2', 'B succeeded <A'], ALL, 'goes on'],
  ['the first is redeployed, the second alone', ['A inProgress * #2', 'B succeeded <A'], only('B'), 'goes on'],
  ['the first was redeployed in vain', ['A rejected * #2', 'B succeeded <A'], ALL, 'failed'],
  ['abandoned before anything began', ['Dev notStarted *'], ALL, 'failed', 'abandoned'],
  ['abandoned after the first', ['Dev succeeded *', 'Test notStarted <Dev'], ALL, 'failed', 'abandoned'],
  ['abandoned while a stage runs', ['Dev inProgress *', 'Test notStarted <Dev'], ALL, 'goes on', 'abandoned'],
  ['a draft', ['Dev notStarted *'], ALL, 'failed', 'draft'],
  ['no stages at all', [], ALL, 'failed'],
  ['an artifact filter that does not fit', ['Dev succeeded *', 'Prod notStarted <Dev @_api'], ALL, 'succeeded'],
  ['that filter, asked for by name', ['Dev succeeded *', 'Prod notStarted <Dev @_api'], only('Prod'), 'failed'],
  ['behind a stage that is not there', ['Dev succeeded *', 'Test notStarted <Gone'], only('Test'), 'failed'],
  ['two stages that wait for each other', ['A notStarted <B', 'B notStarted <A'], only('A', 'B'), 'failed'],
  ['an unknown status', ['Dev paused *'], ALL, 'goes on'],
  ['an unknown status before another', ['Dev paused *', 'Test notStarted <Dev'], only('Test'), 'goes on'],
  ['due for long, and never started', ['Dev notStarted *'], OVER, 'failed'],
  ['the second due for long', ['Dev succeeded *', 'Test notStarted <Dev'], OVER, 'failed'],
  ['due for long, but the one before still runs', ['Dev inProgress *', 'Test notStarted <Dev'], OVER, 'goes on'],
];

describe('The end of a release', () => {
  for (const [what, stages, selection, expected, status] of CASES) {
    it(`${what}: ${expected}`, () => {
      const end = releaseEnd(release(stages, status), selection);
      assert.equal(end.ended ? end.result : 'goes on', expected, JSON.stringify(end));
    });
  }

  it('says why a stage was not started', () => {
    const reasonOf = (stages: string[], selection: Selection = ALL) => releaseEnd(release(stages), selection).reason;
    assert.equal(reasonOf(['Dev rejected *', 'Test notStarted <Dev']), 'Test was not started: Dev was rejected');
    assert.equal(
      reasonOf(['Dev partiallySucceeded *', 'Test notStarted <Dev']),
      'Test was not started: Dev succeeded only partially',
    );
    assert.equal(reasonOf(['Prod notStarted by-hand'], only('Prod')), 'Prod was not started: only a person starts it');
    assert.match(reasonOf(['A notStarted by-hand']) ?? '', /^nothing deploys by itself, .* set waitForCompletion to f/);
  });

  it('names a status that it does not know, and a stage that is due', () => {
    assert.deepEqual(releaseEnd(release(['Dev paused *']), ALL).unknown, ['paused']);
    assert.equal(releaseEnd(release(['Dev notStarted *']), ALL).due, true);
    assert.equal(releaseEnd(release(['Dev inProgress *', 'Test notStarted <Dev']), ALL).due, false);
  });
});
