/** What a placeholder and every profile say of themselves unless the profile says otherwise. */
const everyAgent: Readonly<Record<string, string>> = {
  // Meets every `-gtVersion`: the image carries the newest agent, and a job must not be refused before that one is up.
  'Agent.Version': '99.999.9',
  'Agent.OS': 'Linux',
  'Agent.OSArchitecture': 'X64',
};

/** A kind of agent: what it can do, and where it may run. The first profile of a list is the default one. */
export interface Profile {
  name: string;
  /** Capabilities beyond those of every agent, by name; the value of a bare one is the empty text. */
  capabilities: Readonly<Record<string, string>>;
  /** Hosts that can make it; all when left out. */
  hosts?: readonly string[];
  /** False where the template names its agents itself, so that an agent that never came cannot be told from one of another name. */
  namesAgents: boolean;
}

/** All capabilities of a profile's agents, those of every agent included. */
export function capabilitiesOf(profile: Profile): Record<string, string> {
  return { ...everyAgent, ...profile.capabilities };
}

interface Demand {
  name: string;
  operator: 'exists' | 'equals' | 'gtVersion' | 'unknown';
  value: string;
}

/** Reads `name`, `name -equals value` and `name -gtVersion value`, the forms in which a job request carries its demands. */
export function readDemand(text: string): Demand {
  const parts = /^\s*(\S+)(?:\s+-(\S+)(?:\s+(.*?))?)?\s*$/.exec(text);
  const name = parts?.[1];
  if (name === undefined) return { name: text, operator: 'unknown', value: '' };
  const value = parts?.[3] ?? '';
  switch (parts?.[2]?.toLowerCase()) {
    case undefined:
      return { name, operator: 'exists', value };
    case 'equals':
      return { name, operator: 'equals', value };
    case 'gtversion':
      return { name, operator: 'gtVersion', value };
    default:
      return { name, operator: 'unknown', value };
  }
}

/** The demands that these capabilities do not meet. Neither names nor values mind case, as in the service. */
export function unmetDemands(demands: readonly string[], capabilities: Readonly<Record<string, string>>): string[] {
  const byName = new Map(Object.entries(capabilities).map(([name, value]) => [name.toLowerCase(), value]));
  return demands.filter((text) => {
    const { name, operator, value } = readDemand(text);
    const have = byName.get(name.toLowerCase());
    if (have === undefined) return true;
    switch (operator) {
      case 'exists':
        return false;
      case 'equals':
        return have.toLowerCase() !== value.toLowerCase();
      case 'gtVersion':
        // Called 'greater' and meant as a minimum: the agent's own name for it is DemandMinimumVersion.
        return !isAtLeast(have, value);
      case 'unknown':
        return true;
    }
  });
}

/** True for a job that asks for one agent by name: no agent that is still to be made can be the one. */
export function bindsToOneAgent(demands: readonly string[]): boolean {
  return demands.some((text) => readDemand(text).name.toLowerCase() === 'agent.name');
}

function isAtLeast(have: string, wanted: string): boolean {
  const [left, right] = [have, wanted].map((version) => version.split('.').map(Number));
  if (left === undefined || right === undefined || [...left, ...right].some(Number.isNaN)) return false;
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
