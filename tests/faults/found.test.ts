import assert from 'node:assert/strict';
import { strikesAt, textOf } from './campaign';
import { brokenBy } from './invariants';
import { scenarios } from './scenarios/all';
import { runTrial } from './trial';

/** What has to come of it, where the rules alone would allow more. */
interface End {
  result: 'Succeeded' | 'SucceededWithIssues' | 'Failed';
  says?: RegExp;
  /** Which request of the route is struck, counted from its last; 0 unless given. */
  fromLast?: number;
}

/** Nothing that was found needs longer than this beyond the usual; a person who approves at last would hide that the step does not. */
const MOST_MORE_MS = 20 * 60_000;

/** What the campaign once found broken: the rule as it holds since, the scenario, the route (its last request) and the strike. */
const FOUND: [rule: string, scenario: string, route: string, what: string, end?: End][] = [
  [
    'a cancelled step does not wait for a location document that never comes',
    ...(['start three runs, cancelled while they run', 'OPTIONS OPTIONS build', 'silence before'] as const),
  ],
  [
    'a cancelled step does not wait for the address of the release host that never comes',
    ...([
      'create a release, cancelled while it deploys',
      'GET _apis/resourceAreas/{areaId}',
      'silence before',
    ] as const),
  ],
  [
    'a cancelled step cancels what it knows of a release although the service does not tell its stages',
    'create a release, cancelled while it deploys',
    'GET {project}/_apis/release/releases/{releaseId}',
    'silence before',
  ],
  [
    'a stage that runs again by a request whose answer was lost is waited for',
    'failed stages run again',
    'PATCH {project}/_apis/build/builds/{buildId}/stages/{stageRefName}',
    'reset after',
  ],
  [
    'a stage that ran again and ended before its lost answer was given up is not taken for the first failure',
    'failed stages run again',
    'PATCH {project}/_apis/build/builds/{buildId}/stages/{stageRefName}',
    'silence after',
  ],
  [
    'a stage is asked to run again where the first request did nothing',
    'run a stage of the latest run',
    'PATCH {project}/_apis/build/builds/{buildId}/stages/{stageRefName}',
    '408 before',
  ],
  [
    'a stage that was asked to run by a request whose answer was lost is waited for',
    'run a stage of the latest run',
    'PATCH {project}/_apis/build/builds/{buildId}/stages/{stageRefName}',
    '500 after',
  ],
  [
    'an approval that met a passing fault is given at last',
    ...(['approve while waiting', 'PATCH {project}/_apis/pipelines/approvals', '502 page before'] as const),
  ],
  [
    'an approval of a release that was given although no answer came counts',
    ...([
      'approve what a release waits for',
      'PATCH {project}/_apis/release/approvals/{approvalId}',
      '408 after',
    ] as const),
  ],
  [
    'an approval of a release that met a page is given at last',
    'create a release, deploy chosen stages, approve',
    'PATCH {project}/_apis/release/approvals/{approvalId}',
    'HTML 200 before',
  ],
  [
    'a register of children that is cut off is no empty one',
    'wait for what earlier jobs started',
    'GET {project}/_apis/build/builds/{buildId}/{timelineId}/{recordId}/attachments/{type}/{name}',
    'no JSON',
    { result: 'Failed', says: /is no JSON of a register/ },
  ],
  [
    'a job run again starts nothing where it cannot read what it started before',
    'a job run again takes up its child',
    'GET {project}/_apis/build/builds/{buildId}/{timelineId}/{recordId}/attachments/{type}/{name}',
    '302 to another host',
  ],
  [
    'a stage that was canceled although no answer came counts as canceled',
    'cancel a release and wait for it',
    'PATCH {project}/_apis/release/releases/{releaseId}/environments/{environmentId}',
    'silence after',
  ],
  [
    'a check that was killed and is tried again waits for the rebuild that it had started',
    ...([
      'rebuild what is stale and write its lock',
      'POST {project}/_apis/build/builds',
      'SIGKILL, then again: after answer',
    ] as const),
  ],
  [
    'a check that was killed before its start was answered waits for the run that it made',
    'rebuild what is stale and write its lock',
    'POST {project}/_apis/build/builds',
    'SIGKILL, then again: before answer',
  ],
  [
    'a login that answers with a page in the middle of a wait is called that, and the wait goes on',
    ...(['wait elsewhere beyond the life of several tokens', 'POST login', 'HTML 200 before'] as const),
    { result: 'Succeeded', fromLast: 1 },
  ],
  [
    'a login that redirects to another host is called that',
    ...(['create a release elsewhere by a service principal', 'POST login', '302 to another host'] as const),
    { result: 'Failed', says: /redirects elsewhere/ },
  ],
  [
    'a step that does not wait cancels its release when it is cancelled before its tags are on it',
    'create a release and go on',
    'POST {project}/_apis/release/releases/{releaseId}/tags',
    'SIGINT, then post-job: before answer',
  ],
  [
    'a page instead of the token of a registry is named',
    ...(['ask a registry that wants a login', 'GET registry', 'HTML 200 before'] as const),
    { result: 'SucceededWithIssues', says: /a page of HTML and no token/, fromLast: 6 },
  ],
];

describe('What the fault campaign found', function () {
  this.timeout(60_000);

  for (const [rule, name, route, wanted, end] of FOUND) {
    it(rule, async () => {
      const scenario = scenarios.find((one) => one.name === name)!;
      const usual = await runTrial(scenario, undefined);
      const asked = usual.requests.flatMap((one, index) => (one === route ? [index + 1] : []));
      const request = asked.at(-1 - (end?.fromLast ?? 0));
      assert.ok(request, `the scenario asks ${route}`);
      const planned = strikesAt(request).find((one) => one.request === request && one.what === wanted)!;
      const trial = await runTrial(scenario, planned.strike);
      assert.ok(trial.struck);
      assert.deepEqual(brokenBy(trial, planned.strike(''), usual).map(textOf), []);
      assert.ok(trial.lastedMs <= usual.lastedMs + MOST_MORE_MS, `it lasted ${trial.lastedMs / 60_000} minutes`);
      if (!end) return;
      const said = `${trial.step.result}: ${trial.step.message ?? ''}`;
      assert.equal(trial.step.result, end.result, said);
      if (end.says) assert.match(said, end.says);
    });
  }
});
