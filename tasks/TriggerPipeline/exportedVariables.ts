import type { Agent } from '../lib/agent';
import { UserError } from '../lib/errors';
import { fitsPattern, isPattern } from '../lib/pattern';
import type { Variable } from '../lib/variables';

/** Variables that the agent and the service set: they describe this run and would lie about another. */
const SYSTEM =
  /^(agent|azp|build|checks|common|endpoint|environment|input|msdeploy|pipeline|release|resources|secret|securefile|strategy|system|task|tf_build|tf|vsts|vstsx?)([._]|$)/i;

/**
 * The variables of this run that are handed on under the same name. A pattern takes public variables of the author only; a secret has
 * to be named in full. Throws `UserError` for a name that is not set.
 */
export function exportedVariables(agent: Agent, names: string[]): Record<string, Variable> {
  const all = agent.variables();
  const exported: Record<string, Variable> = {};
  for (const wanted of names) {
    if (isPattern(wanted)) {
      const fitting = all.filter(({ name, secret }) => !secret && !SYSTEM.test(name) && fitsPattern(wanted, name));
      for (const { name, value } of fitting) exported[name] = { value, isSecret: false };
      continue;
    }
    const known = all.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    const value = agent.variable(wanted);
    if (!known || value === undefined)
      throw new UserError(`exportVariables: the variable '${wanted}' is not set in this job.`);
    exported[wanted] = { value, isSecret: known.secret };
  }
  return exported;
}
