import assert from 'node:assert/strict';
import { capabilitiesOf, unmetDemands } from '../../agents/plan/demands';

describe('demands', () => {
  const capabilities = capabilitiesOf({ name: 'gpu', capabilities: { gpu: 'A100', docker: '' }, namesAgents: true });
  const cases: [string, 'met' | 'unmet'][] = [
    ['gpu', 'met'],
    ['GPU', 'met'],
    ['docker', 'met'],
    ['gpu -equals a100', 'met'],
    ['gpu -equals  A100 ', 'met'],
    ['gpu -equals A10', 'unmet'],
    ['docker -equals', 'met'],
    ['npm', 'unmet'],
    ['Agent.OS -equals linux', 'met'],
    ['Agent.OS -equals Windows_NT', 'unmet'],
    ['Agent.Version -gtVersion 2.182.1', 'met'],
    ['Agent.Version -gtVersion 99.999.9', 'met'],
    ['Agent.Version -gtVersion 100.0', 'unmet'],
    ['gpu -gtVersion 1.0', 'unmet'],
    ['gpu -contains A', 'unmet'],
    ['', 'unmet'],
  ];
  for (const [demand, expected] of cases) {
    it(`'${demand}' is ${expected}`, () => {
      assert.equal(unmetDemands([demand], capabilities).length === 0 ? 'met' : 'unmet', expected);
    });
  }
});
