import assert from 'node:assert/strict';
import { brokenBy } from '../faults/invariants';
import { scenarios } from '../faults/scenarios/all';
import { runTrial, type Strike } from '../faults/trial';
import { randomOf } from './random';
import { misshapen } from './shapes';

/** Every request of a scenario is answered so often in a wrong shape; a larger number looks further. */
const SHAPES = Number(process.env.FUZZ_SHAPES ?? 1);
/** Wrong shapes that once broke a rule: scenario, request, seed. */
const KEPT: [scenario: string, request: number, seed: number][] = [
  ['start a run and wait', 1, 5],
  ['start a run and wait', 4, 2],
  ['bring back outputs and artifacts', 8, 4],
  ['bring back outputs and artifacts', 8, 5],
  ['a job run again takes up its child', 5, 2],
  ['a job run again takes up its child', 5, 3],
  ['join a run that goes on', 4, 2],
  ['cancel what goes on, then start', 4, 2],
  ['create a release and wait', 3, 2],
  ['create a release and wait', 4, 2],
];

function strikeOf(request: number, seed: number): Strike {
  const random = randomOf(seed * 1000 + request);
  const rewrite = (json: unknown) => misshapen(json, random);
  return { request, kind: { name: 'misshapen', fault: { kind: 'rewrite', rewrite }, passes: false, cause: /./ } };
}

describe('An answer with missing and wrong fields', function () {
  this.timeout(120_000);

  for (const scenario of scenarios) {
    it(`is no defect and no success: ${scenario.name}`, async () => {
      const usual = await runTrial(scenario, undefined);
      const kept = KEPT.filter(([name]) => name === scenario.name).map(([, request, seed]) => ({ request, seed }));
      const fresh = usual.requests.flatMap((_, index) =>
        Array.from({ length: SHAPES }, (__, seed) => ({ request: index + 1, seed: seed + 1 })),
      );
      const broken: string[] = [];
      for (const { request, seed } of [...kept, ...fresh]) {
        const trial = await runTrial(scenario, () => strikeOf(request, seed));
        // An attachment of another step's name is believed: then a second run is the right end.
        const what = brokenBy(trial, strikeOf(request, seed), usual)
          .map((one) => `${one.rule}: ${one.what}`)
          .filter((text) => !text.endsWith('it started a second run'));
        broken.push(
          ...what.map((text) => `request ${request}, seed ${seed} (${trial.requests[request - 1] ?? ''}): ${text}`),
        );
      }
      assert.deepEqual(broken, []);
    });
  }
});
