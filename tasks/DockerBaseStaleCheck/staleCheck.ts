import path from 'node:path';
import type { Agent } from '../lib/agent';
import type { AzureDevOps } from '../lib/azureDevOps';
import { UserError, messageOf } from '../lib/errors';
import { CLOCKS_MAY_DIFFER_MS } from '../lib/lostAnswer';
import type { Parent } from '../lib/parent';
import { takeOnEarlierAttempts } from '../lib/parentRegister';
import type { OpenStart, Register } from '../lib/register';
import type { Child } from '../lib/runs/child';
import { Planner } from '../lib/runs/plan';
import { registered } from '../lib/runs/registered';
import { setEndedOutputs, setStartedOutputs } from '../lib/runs/results';
import { uploadSummary } from '../lib/runs/summary';
import type { Build } from '../lib/runs/wire';
import type { Verdict } from '../lib/verdict';
import type { World } from '../lib/world';
import type { CheckedDockerfile } from './checked';
import { checkOne, locksOf, type CheckHost, type Place } from './checkOne';
import { findDockerfiles, systemFiles, type FoundFile } from './findDockerfiles';
import type { Inputs } from './inputs';
import { besideDockerfile } from './lock/lockPath';
import type { Publishing } from './lock/publishLocks';
import { writeLocks } from './lock/writeLocks';
import { PipelineHistory, rememberedVerdict } from './memory';
import { carryOn, putInOrder } from './order';
import { namesOf } from './placeholders';
import type { PackageSources } from './packages/openPackages';
import { changeOf, describing, givenTo, planRebuilds, runRebuilds, type Rebuild } from './rebuilds';
import type { Registries } from './registry/Registries';
import { dockerfileEntry, matrixOf, reportOf, staleList } from './report';
import { setCheckOutputs } from './outputs';
import { uploadCheckSummary } from './summary';
import { NOT_DECIDED } from './verdicts';
import { verdictOfCheck } from './verdictOfCheck';

/** What the step works with beside its inputs. */
export interface Context {
  agent: Agent;
  registries: Registries;
  /** Undefined where packages are not looked at. */
  packages: PackageSources | undefined;
  /** Commits locks; undefined where they are not committed. */
  git: Publishing | undefined;
  /** Where rebuilds run; undefined without a pipeline. */
  azureDevOps: AzureDevOps | undefined;
  /** This organization with the job's own token, whatever the connection: the parent lies there. */
  own: () => AzureDevOps;
  parent: Parent | undefined;
  register: Register;
  /** Stage, job and step, as part of file names. */
  stepName: string;
}

/** Finds Dockerfiles, judges their images, starts what has to be rebuilt, keeps the locks, and tells all of it. */
export async function staleCheck(inputs: Inputs, context: Context, world: World): Promise<Verdict> {
  const { agent, register, stepName, registries } = context;
  const { log } = world;
  const root = path.resolve(inputs.searchFolder);
  const found = await findAll(root, inputs, world);
  const notDockerfiles = found.flatMap((one) => (one.kind === 'notDockerfile' ? [one.path] : []));
  const history = context.azureDevOps && new PipelineHistory(context.azureDevOps, world.signal);
  const dockerfiles = await checkAll({ root, found, inputs }, { registries, history, git: context.git }, world);
  if (context.packages) await judgePackages(dockerfiles, inputs, { ...context.packages, registries, root }, world);

  const children: Child[] = [];
  const unkept: string[] = [];
  if (context.azureDevOps) await takeOnEarlierAttempts(context, { task: 'DockerBaseStaleCheck', kind: 'run' }, world);
  try {
    const rebuilds = await whatToRebuild(dockerfiles, inputs, { ...context, history }, world);
    logVerdicts(dockerfiles, log);
    register.putDockerfiles(dockerfiles.map(dockerfileEntry));
    if (context.azureDevOps && rebuilds.length && !inputs.dryRun) {
      const changed = (all: Child[]) => {
        children.splice(0, children.length, ...all);
        setStartedOutputs(
          agent,
          children.filter(({ id }) => id),
          log,
        );
      };
      const host = { ...context, azureDevOps: context.azureDevOps, changed };
      await runRebuilds(rebuilds, inputs, host, world);
    }
  } finally {
    const keepsLocks = inputs.updateLock !== 'none' && !inputs.dryRun;
    const written = { managers: inputs.packages.managers, log };
    const { locks, unwritten } = keepsLocks
      ? await writeLocks(dockerfiles, children, written)
      : { locks: [], unwritten: [] };
    unkept.push(...unwritten);
    const stale = dockerfiles.filter(({ verdict }) => verdict === 'stale');
    const outputs = {
      stale: staleList(stale, (one) => givenTo(inputs.rebuild, { ...one.values, reason: one.reason })),
      matrix: matrixOf(stale),
      report: reportOf({ dockerfiles, notDockerfiles, requests: requestsOf(registries, context.packages) }),
    };
    setCheckOutputs(agent, outputs, { stepName, log });
    if (children.length) setEndedOutputs(agent, children, { stepName, log });
    uploadCheckSummary(agent, dockerfiles, { stepName, log });
    uploadSummary(agent, children, { stepName, log });
    register.close(children.filter(({ id }) => id).map(registered));
    // Last, and without a veto: what was found out and started is told whatever becomes of the locks.
    await context.git?.publish(locks).catch((error: unknown) => {
      unkept.push(messageOf(error));
      log.info(`The locks are written, but not in git: ${messageOf(error)}`);
    });
  }
  const verdict = verdictOfCheck(dockerfiles, children, inputs);
  return unkept.length ? { result: 'Failed', message: [verdict.message, ...unkept].join(' ') } : verdict;
}

async function findAll(root: string, { dockerfiles }: Inputs, { log }: World): Promise<FoundFile[]> {
  const found = await findDockerfiles(root.replaceAll('\\', '/'), dockerfiles, systemFiles).catch((cause: unknown) => {
    throw new UserError(`searchFolder: '${root}' cannot be searched: ${messageOf(cause)}`, { cause });
  });
  for (const pattern of found.unmatched) log.warning(`dockerfiles: nothing fits the pattern '${pattern}'.`);
  if (!found.files.some(({ kind }) => kind === 'dockerfile')) log.warning(`There is no Dockerfile in ${root}.`);
  for (const { kind, path: file } of found.files) {
    if (kind === 'notDockerfile') log.info(`${file}: not a Dockerfile, it has no FROM.`);
  }
  return found.files;
}

async function checkAll(
  { root, found, inputs }: { root: string; found: readonly FoundFile[]; inputs: Inputs },
  { registries, history, git }: Pick<Context, 'registries' | 'git'> & { history: PipelineHistory | undefined },
  world: World,
): Promise<CheckedDockerfile[]> {
  const names = namesOf(found.map((one) => one.path));
  const placeOf = ({ path: file }: FoundFile): Place => ({ root, path: file, name: names.get(file) ?? '' });
  const locks = locksOf(found.filter(({ kind }) => kind !== 'notDockerfile').map(placeOf), inputs);
  const pendingLocks = (await git?.pending(locks)) ?? new Map<string, string>();
  const hubIsMirrored = inputs.registryMirrors.has('docker.io') && !inputs.registryMirrors.has('hub.docker.com');
  const host: CheckHost = {
    registries,
    options: {
      now: world.clock.now(),
      maxAgeMs: inputs.maxAgeMs,
      cooldownMs: inputs.cooldownMs,
      askHub: !hubIsMirrored,
    },
    pendingLocks,
    triggeredRun: async (runId) => history?.run(inputs.rebuild.project, runId),
  };
  const checked = await Promise.all(
    found.map(async (one): Promise<CheckedDockerfile[]> => {
      const place = placeOf(one);
      switch (one.kind) {
        case 'notDockerfile':
          return [];
        case 'dockerfile':
          return [await checkOne(place, one.text, inputs, host)];
        case 'unreadable': {
          // An empty text is read for everything but the verdict.
          const empty = await checkOne(place, 'FROM scratch', { ...inputs, targetStage: () => undefined }, host);
          return [{ ...empty, verdict: 'unknown', reason: `it cannot be read: ${one.reason}`, references: [] }];
        }
      }
    }),
  );
  const { dockerfiles, cycles } = putInOrder(checked.flat());
  for (const cycle of cycles) {
    world.log.warning(`These images are built on each other in a circle, so no order fits: ${cycle.join(' → ')}.`);
  }
  return dockerfiles;
}

async function judgePackages(
  dockerfiles: readonly CheckedDockerfile[],
  { packages, maxAgeMs, cooldownMs, observedPackages }: Inputs,
  { root, registries, ...sources }: PackageSources & { root: string; registries: Registries },
  { clock, log }: World,
): Promise<void> {
  const { checkPackages } = await import('./packages/checkPackages');
  const check = {
    ...{ root, managers: packages.managers },
    observedFile: (one: CheckedDockerfile) => {
      const pattern = observedPackages(one.path);
      return pattern === undefined
        ? undefined
        : besideDockerfile(root, pattern, { values: one.values, input: 'observedPackages' });
    },
    options: { now: clock.now(), maxAgeMs, cooldownMs },
  };
  await checkPackages(dockerfiles, check, { sources, registries, log });
}

/** Registries and indexes may be served by one host. */
function requestsOf({ requests }: Registries, packages: PackageSources | undefined): Registries['requests'] {
  const all = { ...requests };
  for (const [host, counts] of Object.entries(packages?.indexes.requests ?? {})) {
    const { ping, head, get, token, throttled } = all[host] ?? { ping: 0, head: 0, get: 0, token: 0, throttled: 0 };
    all[host] = {
      ...{ ping: ping + counts.ping, head: head + counts.head, get: get + counts.get },
      ...{ token: token + counts.token, throttled: throttled + counts.throttled },
    };
  }
  return all;
}

/** Lays over the judgements what was started before, and gives the runs that are to be started. */
async function whatToRebuild(
  dockerfiles: CheckedDockerfile[],
  inputs: Inputs,
  { azureDevOps, parent, register, history }: Context & { history: PipelineHistory | undefined },
  world: World,
): Promise<Rebuild[]> {
  const own = new Set(register.earlier.children.map(({ item }) => item));
  // What an earlier attempt of this step started is taken up: waited for, kept, or started anew.
  const isTakenUp = ({ path: item }: CheckedDockerfile) => own.has(inputs.group ? '' : item);
  for (const one of dockerfiles) {
    if (inputs.onUnknown === 'stale' && NOT_DECIDED.includes(one.verdict)) {
      one.reason = `rebuilt to be safe (onUnknown), because ${one.reason}`;
      one.verdict = 'stale';
    }
    if (isTakenUp(one)) continue;
    if (one.verdict === 'stale' && one.lock.running) {
      one.verdict = 'pending';
      one.reason = `its rebuild ${one.lock.content?.triggered?.runId ?? ''} runs; ${one.reason}`;
    } else if (one.verdict === 'stale' && one.lock.failures >= inputs.maxFailures) {
      one.verdict = 'held';
      one.reason = `its last ${one.lock.failures} runs failed; ${one.reason}`;
    }
  }
  for (const one of dockerfiles) one.values.reason = one.reason;
  const stale = () => dockerfiles.filter(({ verdict }) => verdict === 'stale');
  const planning = azureDevOps && { planner: new Planner(azureDevOps, world.signal), parent };
  if (planning && history) {
    const alike = { ignored: describing(inputs.rebuild), isGroup: inputs.group };
    for (const one of stale().filter((all) => !isTakenUp(all))) {
      const [rebuild] = await planRebuilds([one], inputs, planning);
      if (!rebuild) continue;
      const runs = await history.sameRuns(rebuild.planned, alike);
      const open = register.earlier.open.find(({ item }) => item === rebuild.planned.item);
      // What an earlier attempt may have started without learning of it is no stranger's run: it is looked for, and waited for.
      if (open && runs.some((run) => mayBeOf(open, run, parent))) continue;
      remember(one, runs, inputs.maxFailures);
    }
  }
  const { waitForCompletion, waitFor } = inputs.waiting;
  carryOn(dockerfiles, !azureDevOps || inputs.group || (waitForCompletion && waitFor !== 'start'));
  for (const one of dockerfiles) one.values.reason = one.reason;
  return planning ? await planRebuilds(stale(), inputs, planning) : [];
}

function mayBeOf({ sentAt }: OpenStart, { queueTime = '', tags = [] }: Build, parent: Parent | undefined): boolean {
  const parents = tags.filter((tag) => tag.startsWith('cascade-parent-'));
  return Date.parse(queueTime) >= sentAt - CLOCKS_MAY_DIFFER_MS && parents.every((tag) => tag === parent?.tag);
}

function remember(one: CheckedDockerfile, runs: readonly Build[], maxFailures: number): void {
  const remembered = rememberedVerdict(runs, { ...changeOf(one), maxFailures });
  if (remembered.verdict === 'stale') return;
  one.verdict = remembered.verdict;
  one.reason = `${remembered.reason}; ${one.reason}`;
}

function logVerdicts(dockerfiles: readonly CheckedDockerfile[], log: World['log']): void {
  for (const { path: file, verdict, reason } of dockerfiles) log.info(`${file}: ${verdict}: ${reason}.`);
}
