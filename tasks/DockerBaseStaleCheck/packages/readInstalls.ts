import { contextPaths, type CopiedFiles } from './copiedFiles';
import type { Finding, Install, StageSettings } from './install';
import type { MarkerTarget } from './markers';
import { readScript, type Variable } from './readScript';
import type { Heredoc } from './shell';
import { fitsGlob } from './versions/order';

/** A RUN of a stage that reaches the target, as the Dockerfile reader gives it. */
export interface RunInstruction {
  stage: number;
  /** The stage with RUNs that this one stands on: what that one configured holds here too. */
  standsOn?: number;
  /** From 1. */
  line: number;
  form: 'shell' | 'exec';
  /** The joined line without RUN and its flags. */
  text: string;
  words?: readonly string[];
  heredocs: readonly Heredoc[];
  /** Values of ARG and ENV at that point. */
  env: ReadonlyMap<string, string>;
  /** SHELL at that point, where one was set. */
  shell?: readonly string[];
  /** WORKDIR at that point. */
  workdir?: string;
  /** What markers of Python requirements ask for in the stage; nothing is known unless given. */
  target?: MarkerTarget;
  /** COPY, ADD and bind mounts from the build context which the RUN sees, in order. */
  copies?: readonly CopiedFiles[];
}

/** What cannot be known before the build, and why. */
export interface Unreadable {
  line: number;
  reason: string;
}

const UNKNOWN_TARGET: MarkerTarget = { platform: undefined, python: undefined };
const SHELLS = /^(?:ba|da|a|z|k)?sh$/;
const POWERSHELL = /\$ErrorActionPreference|\b(?:Invoke-WebRequest|Expand-Archive|Start-Process)\b/;

/**
 * What the RUNs of a target install, in order and without what the same stage removes again, and what cannot be read
 * without running it. `readContextFile` gives a file of the build context, undefined where there is none; where a RUN
 * tells its `copies`, it is asked for the copied file, else for the path as the RUN writes it. `openMarkers` are the stages of which
 * the Python has to be known better. Pure, and never throws.
 */
export function readInstalls(
  runs: readonly RunInstruction[],
  readContextFile: (path: string) => string | undefined,
): { installs: Install[]; unreadable: Unreadable[]; openMarkers: ReadonlySet<number> } {
  const openMarkers = new Set<number>();
  const stages = new Map<number, { settings: StageSettings; installs: Install[] }>();
  const unreadable: Unreadable[] = [];
  for (const run of runs) {
    const stage = stages.get(run.stage) ?? {
      settings: settingsOn(run.standsOn === undefined ? undefined : stages.get(run.standsOn)?.settings),
      installs: [],
    };
    stages.set(run.stage, stage);
    const {
      installs,
      removed,
      unreadable: reasons,
      openMarkers: isOpen,
    } = readRun(run, { settings: stage.settings, readContextFile });
    if (isOpen) openMarkers.add(run.stage);
    for (const { name, ...one } of installs) stage.installs.push({ name, ...one, line: run.line });
    stage.installs = stage.installs.filter(
      (install) => !removed.some(({ manager, name }) => install.manager === manager && fitsGlob(install.name, name)),
    );
    for (const reason of new Set(reasons)) unreadable.push({ line: run.line, reason });
  }
  return { installs: [...stages.values()].flatMap(({ installs }) => installs), unreadable, openMarkers };
}

/** The settings with which a stage begins: those of the stage that it stands on. */
function settingsOn(below: StageSettings | undefined): StageSettings {
  const { channels = [], sources = [], virtuals = [], ...others } = below ?? {};
  return { ...others, channels: [...channels], sources: [...sources], virtuals: new Map(virtuals) };
}

function readRun(
  run: RunInstruction,
  { settings, readContextFile }: { settings: StageSettings; readContextFile: (path: string) => string | undefined },
): Finding {
  const shell = run.shell?.[0]?.replace(/^.*[\\/]|\.exe$/gi, '').toLowerCase() ?? 'sh';
  if (run.form === 'shell' && (!SHELLS.test(shell) || POWERSHELL.test(run.text))) {
    return {
      installs: [],
      removed: [],
      unreadable: [`the text is for ${SHELLS.test(shell) ? 'PowerShell' : shell}, which is not read`],
    };
  }
  const variables = new Map<string, Variable>(run.env);
  const readFile = (path: string) => {
    if (!run.copies) return readContextFile(path.replace(/^(?:\.?\/)+/, ''));
    return contextPaths(path, run.copies)
      .map(readContextFile)
      .find((text) => text !== undefined);
  };
  const { text, heredocs, workdir = run.copies ? '/' : '' } = run;
  const script = run.form === 'exec' ? { words: run.words ?? [] } : { text, heredocs };
  return readScript(script, { variables, folder: workdir, readFile, settings, target: run.target ?? UNKNOWN_TARGET });
}
