import type { Alter } from './bundleProcess';
import { faultKinds } from './faultKinds';
import { brokenBy, type Broken } from './invariants';
import type { Scenario } from './scenario';
import { POINTS, runTrial, STOPS, type Strike } from './trial';

/** One strike at a scenario, which no other of the campaign equals. */
export interface Planned {
  /** `reset before`, `SIGINT, then post-job: after answer`. */
  what: string;
  /** From 1. */
  request: number;
  strike: (strangerUrl: string) => Strike;
}

/** What a strike came to. */
export interface Struck extends Pick<Planned, 'what' | 'request'> {
  scenario: string;
  /** The request that was struck: `GET {project}/_apis/build/builds`. */
  route: string;
  /** False where the scenario came to no such request this time; it counts for nothing. */
  counts: boolean;
  broken: Broken[];
}

/** Every strike at every one of so many requests, in a fixed order. */
export function strikesAt(requests: number): Planned[] {
  const kinds = faultKinds('').map(({ name }, index) => ({
    what: name,
    at: (request: number) => (url: string) => ({ request, kind: faultKinds(url)[index]! }),
  }));
  const stops = STOPS.flatMap((stop) =>
    POINTS.map((point) => ({ what: `${stop}: ${point}`, at: (request: number) => () => ({ request, stop, point }) })),
  );
  return Array.from({ length: requests }, (_, index) => index + 1).flatMap((request) =>
    [...kinds, ...stops].map(({ what, at }) => ({ what, request, strike: at(request) })),
  );
}

/** How much of a campaign is run: every `every`-th strike from the `first` on, of all scenarios one after the other. */
export interface Share {
  every: number;
  first: number;
}

export interface CampaignOptions {
  share: Share;
  alter?: Alter;
  /** Ends the campaign before its end. */
  isOver?: () => boolean;
  onStruck: (struck: Struck) => void;
}

/**
 * Lets every request of each scenario fail in every way and stops the step at each, as far as the share goes; calls back for each.
 * Throws where a scenario breaks a rule, or does not start what it is about, although nothing fails.
 */
export async function runCampaign(
  scenarios: Scenario[],
  { share, alter, isOver, onStruck }: CampaignOptions,
): Promise<void> {
  let number = 0;
  for (const scenario of scenarios) {
    const usual = await runTrial(scenario, undefined);
    const broken = brokenBy(usual, undefined, usual);
    if (broken.length) throw new Error(`'${scenario.name}' breaks rules unhurt: ${broken.map(textOf).join('; ')}`);
    if (usual.children.length < usual.plan.starts)
      throw new Error(`'${scenario.name}' starts nothing unhurt: ${usual.step.message ?? usual.step.result}`);
    for (const { what, request, strike } of strikesAt(usual.requests.length)) {
      if (number++ % share.every !== share.first) continue;
      if (isOver?.()) return;
      const trial = await runTrial(scenario, strike, alter);
      onStruck({
        ...{ scenario: scenario.name, what, request, counts: trial.struck },
        route: trial.requests[request - 1] ?? usual.requests[request - 1] ?? '',
        broken: brokenBy(trial, strike(''), usual),
      });
    }
  }
}

export function textOf({ rule, what }: Broken): string {
  return `${rule}: ${what}`;
}
