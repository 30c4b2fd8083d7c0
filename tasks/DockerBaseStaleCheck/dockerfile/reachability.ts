import { parseReference } from '../reference';
import { readCommand } from './instructions';
import { parseDockerfile } from './parser';
import { quote, Refusal } from './refusal';
import { reasonOf, type PlacedCommand, type Stage, type StageInput } from './stages';

export interface Problem {
  line: number;
  reason: string;
}

/**
 * Stages that COPY from each other in a circle are refused, reachable or not. A walk without recursion: a file may chain
 * more stages than the stack holds. (validateCircularDependency)
 */
export function refuseCircles(stages: readonly Stage[]): void {
  const done = new Set<Stage>();
  const onPath = new Set<Stage>();
  for (const first of stages) {
    if (done.has(first)) continue;
    const path = [{ stage: first, next: 0 }];
    onPath.add(first);
    for (let step = path.at(-1); step; step = path.at(-1)) {
      const input = step.stage.inputs[step.next++];
      if (!input) {
        done.add(step.stage);
        onPath.delete(step.stage);
        path.pop();
        continue;
      }
      const needed = input.source.kind === 'stage' ? stages[input.source.stage] : undefined;
      if (!needed || done.has(needed)) continue;
      if (onPath.has(needed)) {
        const line = path[0]?.stage.inputs[path[0].next - 1]?.line;
        throw new Refusal(`circular dependency detected on stage: ${stageTitle(first)}`, line);
      }
      onPath.add(needed);
      path.push({ stage: needed, next: 0 });
    }
  }
}

/**
 * Marks the stages that the target needs, through FROM, COPY --from and mounts, and gives them the ONBUILD triggers of the
 * stage that they stand on. Returns what BuildKit would stop at in them.
 */
export function markReachable(
  target: Stage,
  stages: readonly Stage[],
  inputsOf: (commands: readonly PlacedCommand[]) => StageInput[],
): Problem[] {
  const problems: Problem[] = [];
  const todo = [target];
  for (let stage = todo.pop(); stage; stage = todo.pop()) {
    if (stage.reachable) continue;
    stage.reachable = true;
    const base = stage.base.kind === 'stage' ? stages[stage.base.stage] : undefined;
    if (base) {
      todo.push(base);
      const triggers = readTriggers(base, stage, problems);
      stage.commands = [...triggers, ...stage.commands];
      stage.inputs = [...inputsOf(triggers), ...stage.inputs];
    }
    for (const input of stage.inputs) {
      const needed = input.source.kind === 'stage' ? stages[input.source.stage] : undefined;
      if (!needed) continue;
      todo.push(needed);
      if (needed.index >= stage.index) problems.push({ line: input.line, reason: tooEarly(input, stage) });
    }
  }
  return problems;
}

/** BuildKit looks for a named context of each stage's name, and stops where that is no reference: at `AS build-`. */
export function badStageNames(stages: readonly Stage[]): Problem[] {
  return stages.flatMap(({ name, line }) => {
    const reference = name === undefined || name === 'context' ? undefined : parseReference(name);
    if (!reference || !('error' in reference)) return [];
    return [{ line, reason: `invalid context name ${name ?? ''}: ${reference.error}` }];
  });
}

/** The base stage's ONBUILD instructions, read anew; they stand where the FROM stands that triggers them. */
function readTriggers(base: Stage, stage: Stage, problems: Problem[]): PlacedCommand[] {
  return base.onbuild.flatMap((trigger) => {
    try {
      const [instruction, ...more] = parseDockerfile(trigger).instructions;
      if (!instruction || more.length > 0) throw new Refusal('onbuild trigger should be a single expression');
      return [{ command: readCommand(instruction), line: stage.line }];
    } catch (error) {
      problems.push({ line: stage.line, reason: reasonOf(error) });
      return [];
    }
  });
}

function tooEarly({ role, written, target = '' }: StageInput, stage: Stage): string {
  return role === 'copy'
    ? `cannot copy from stage ${quote(written)}, it needs to be defined before current stage "${stageTitle(stage)}"`
    : `cannot mount from stage ${quote(written)} to ${quote(target)}, stage needs to be defined before current command`;
}

function stageTitle({ name, index }: Stage): string {
  return name ?? `stage-${index}`;
}
