import type { EmulatorState } from './EmulatorState';
import type { ChosenResources, Run } from './runs';

type Chosen = ChosenResources['pipelines'];

/** The runs behind the pipeline resources of a run: the one asked for by id or number, else the newest good one. */
export function resourceRuns(asked: Chosen, sources: Record<string, string>, state: EmulatorState): Chosen {
  const out: Chosen = {};
  for (const [alias, choice] of Object.entries(asked)) {
    const name = (sources[alias] ?? '').split(/[\\/]/).at(-1)?.toLowerCase();
    const pipeline = state.pipelines.find((candidate) => candidate.name.toLowerCase() === name && !candidate.deleted);
    const run = state.runs.findLast((candidate) => candidate.pipeline === pipeline && fits(candidate, choice, state));
    const version = run?.number ?? choice.version;
    if (version !== '') out[alias] = { version, ...(run ? { runId: run.id } : {}), ...(pipeline ? { pipeline } : {}) };
  }
  return out;
}

function fits(run: Run, choice: Chosen[string], state: EmulatorState): boolean {
  if (choice.runId !== undefined) return run.id === choice.runId;
  if (choice.version !== '') return run.number === choice.version;
  const { result } = state.look(run);
  return result === 'succeeded' || result === 'partiallySucceeded';
}
