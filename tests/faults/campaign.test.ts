import assert from 'node:assert/strict';
import { runCampaign, strikesAt, textOf, type Struck } from './campaign';
import { brokenBy } from './invariants';
import { plantedDefects } from './plantedDefects';
import { scenarios } from './scenarios/all';
import { runTrial } from './trial';

/** Of the whole campaign (`npm run faults`) every so-manieth run: a prime, so that no kind of fault is left out in each scenario. */
const EVERY = 23;
/** So many runs of a planted defect are enough, or the campaign would have noticed nothing. */
const MOST_RUNS = 60;

describe('The fault campaign', function () {
  this.timeout(120_000);

  for (const scenario of scenarios) {
    it(`breaks no rule in a part of its runs: ${scenario.name}`, async () => {
      const struck: Struck[] = [];
      await runCampaign([scenario], { share: { every: EVERY, first: 0 }, onStruck: (one) => struck.push(one) });
      const broken = struck.flatMap(({ what, request, route, broken: list }) =>
        list.map((one) => `${what} at request ${request} (${route}): ${textOf(one)}`),
      );
      assert.deepEqual(broken, []);
      assert.ok(struck.filter(({ counts }) => counts).length > 3, `${struck.length} runs are no campaign`);
    });
  }

  for (const { name, rule, scenario: wanted, strikes, alter } of plantedDefects) {
    it(`notices ${name}`, async () => {
      const scenario = scenarios.find((one) => one.name === wanted)!;
      const usual = await runTrial(scenario, undefined);
      const noticed: string[] = [];
      const chosen = strikesAt(usual.requests.length).filter(({ what }) => strikes.test(what));
      for (const { strike } of chosen.slice(0, MOST_RUNS)) {
        const trial = await runTrial(scenario, strike, alter);
        noticed.push(...brokenBy(trial, strike(''), usual).map((broken) => broken.rule));
      }
      assert.ok(noticed.includes(rule), `it noticed ${noticed.join(', ') || 'nothing'}`);
    });
  }
});
