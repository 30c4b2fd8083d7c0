import type { Alter } from './bundleProcess';
import type { Invariant } from './invariants';

/** A mistake that is made in the bundle on purpose, and the rule by which the campaign has to notice it. */
export interface PlantedDefect {
  name: string;
  rule: Invariant;
  /** Name of the scenario that shows it. */
  scenario: string;
  /** Only where these strike. */
  strikes: RegExp;
  alter: Alter;
}

/** Each is a mistake that somebody could make in good faith. */
export const plantedDefects: PlantedDefect[] = [
  {
    name: 'a transport that repeats a POST as it repeats a GET',
    ...{ rule: 'twice', scenario: 'start a run and wait', strikes: /^(reset|503) after$/ },
    alter: replaced(
      '["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]',
      '["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST"]',
    ),
  },
  {
    name: 'a register that is closed by a step that was stopped',
    ...{ rule: 'cancel', scenario: 'start a run and wait', strikes: /^SIGKILL, then post-job/ },
    alter: replaced('closed: !1, canceling: !1, open: []', 'closed: !0, canceling: !1, open: []'),
  },
  {
    name: 'a look that fails counts as a run that succeeded',
    ...{ rule: 'success', scenario: 'start a run and wait', strikes: /^203$/ },
    alter: replaced('if (!mayPass(error2) || (', 'if (!mayPass(error2)) return { timedOut: !1 };\nif (('),
  },
  {
    name: 'a transport without attempts',
    ...{ rule: 'end', scenario: 'start a run and wait', strikes: /^reset before$/ },
    alter: replaced('if (attempt >= attempts) return;', 'return;'),
  },
  {
    name: 'an error that keeps to itself what was answered',
    ...{ rule: 'cause', scenario: 'start a run and wait', strikes: /^307/ },
    alter: replaced('super(describeRefusal(refusal), options)', 'super("The service said no.", options)'),
  },
  {
    name: 'a token that follows every redirect',
    ...{ rule: 'secret', scenario: 'start a run and wait', strikes: /^302/ },
    alter: (bundle) =>
      replaced(
        'authorization && sameHost ?',
        'authorization ?',
      )(replaced('request.followToOtherHosts ?', 'true ?')(bundle)),
  },
  {
    name: 'a step that a signal ends without a word',
    ...{ rule: 'exit', scenario: 'start a run and wait', strikes: /^SIGTERM.*after answer$/ },
    alter: replaced('"SIGINT", "SIGTERM", "SIGBREAK"', '"SIGINT", "SIGBREAK"'),
  },
];

function replaced(what: string, by: string): Alter {
  return (bundle) => {
    if (!bundle.includes(what)) throw new Error(`The bundle does not hold '${what}' any more: plant the defect anew.`);
    return bundle.replace(what, by);
  };
}
