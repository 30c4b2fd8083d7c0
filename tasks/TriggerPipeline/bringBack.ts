import fs from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../lib/errors';
import { fitsPattern } from '../lib/pattern';
import { downloadArtifact, listArtifacts, type Artifact } from '../lib/runs/artifacts';
import { OUTPUT_FILES, readChildOutputs, type ChildOutput } from '../lib/runs/childOutputs';
import { title, type Child } from '../lib/runs/child';
import type { World } from '../lib/world';
import type { BringBack } from './inputs';
import type { Context } from './triggerPipeline';

/** Outputs are environment variables of later steps. */
const LONGEST_OUTPUT = 24_000;

/**
 * Says before anything starts what could not be brought back later: from runs that are not waited for, or to a folder that cannot be
 * made (`UserError`).
 */
export function prepareBringBack(
  inputs: BringBack & { waiting: { waitForCompletion: boolean; waitFor: unknown } },
  context: Context,
  { log }: World,
): void {
  const names = (['outputsArtifact', 'downloadArtifacts'] as const).filter((name) => inputs[name]?.length);
  if (!names.length) return;
  if (!inputs.waiting.waitForCompletion || inputs.waiting.waitFor === 'start')
    log.warning(`${names.join(' and ')}: nothing is brought back, because the runs are not waited for to their end.`);
  if (!inputs.downloadArtifacts.length) return;
  const folder = artifactsFolder(inputs, context);
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new UserError(`artifactsFolder: '${folder}' cannot be made: ${messageOf(cause)}. Name another folder.`, {
      cause,
    });
  }
}

/** Brings back what the children left: their outputs as output variables, their artifacts as files; also of failed children. */
export async function bringBack(inputs: BringBack, children: Child[], context: Context, world: World): Promise<void> {
  if (!inputs.outputsArtifact && !inputs.downloadArtifacts.length) return;
  const setBy = new Map<string, string>();
  const filledBy = new Map<string, string>();
  for (const child of children.filter(
    ({ id, result }) => id && result && result !== 'started' && result !== 'timedOut',
  )) {
    const artifacts = await listArtifacts(context.azureDevOps, child, world);
    if (inputs.outputsArtifact) await bringOutputs(inputs.outputsArtifact, { child, artifacts, setBy }, context, world);
    await bringArtifacts(inputs, { child, artifacts, filledBy }, context, world);
  }
}

/** `out_<name>`, in a list `out_<item>_<name>`: no name of a child can be one of ours or of the system. */
async function bringOutputs(
  name: string,
  { child, artifacts, setBy }: { child: Child; artifacts: Artifact[]; setBy: Map<string, string> },
  context: Context,
  world: World,
): Promise<void> {
  const artifact = artifacts.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!artifact) {
    const text = `${title(child)} has no artifact '${name}' with outputs.`;
    // A child that failed may not have come so far; one that succeeded should have.
    if (child.result !== 'succeeded' && child.result !== 'partiallySucceeded') {
      world.log.info(text);
      return;
    }
    throw new UserError(
      `outputsArtifact: ${text} It has: ${artifacts.map((one) => one.name).join(', ') || 'none'}. ${child.url}`,
    );
  }
  const folder = fs.mkdtempSync(path.join(context.agent.variable('Agent.TempDirectory') ?? '.', 'cascade-outputs-'));
  try {
    const files = await downloadArtifact(context.azureDevOps, { child, artifact, folder }, world);
    const file = files.find((one) => OUTPUT_FILES.includes(path.posix.basename(one)));
    if (!file)
      throw new UserError(
        `outputsArtifact: the artifact '${name}' of ${title(child)} holds neither outputs.json nor outputs.env. ${child.url}`,
      );
    const place = `outputsArtifact: ${file} of artifact '${name}' of ${title(child)}`;
    const outputs = readChildOutputs(
      fs.readFileSync(path.join(folder, file), 'utf8'),
      file.endsWith('.env') ? 'env' : 'json',
      place,
    );
    setOutputs(outputs, { child, setBy }, context, world);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function setOutputs(
  outputs: ChildOutput[],
  { child, setBy }: { child: Child; setBy: Map<string, string> },
  { agent }: Context,
  { log }: World,
): void {
  const prefix = child.item ? `out_${child.item.replace(/[^A-Za-z0-9_]/g, '_')}_` : 'out_';
  for (const { name, value, isSecret } of outputs) {
    // An output is read-only once it is set, and its name has no case: the second value would be lost.
    const key = (prefix + name).toLowerCase();
    const before = setBy.get(key);
    if (before !== undefined)
      throw new UserError(
        `outputsArtifact: '${name}' of ${title(child)} would be the output ${prefix}${name}, which ${before} has set; name the items of runs or the outputs otherwise. ${child.url}`,
      );
    setBy.set(key, title(child));
    if (value.length > LONGEST_OUTPUT) {
      log.warning(`The output '${name}' of ${title(child)} is not set: it is longer than ${LONGEST_OUTPUT} letters.`);
      continue;
    }
    if (isSecret && value) agent.setSecret(value);
    agent.setOutput(prefix + name, value, isSecret);
  }
  if (outputs.length) log.info(`${title(child)} left ${outputs.map(({ name }) => prefix + name).join(', ')}.`);
}

async function bringArtifacts(
  inputs: BringBack,
  { child, artifacts, filledBy }: { child: Child; artifacts: Artifact[]; filledBy: Map<string, string> },
  context: Context,
  world: World,
): Promise<void> {
  for (const wanted of inputs.downloadArtifacts) {
    const fitting = artifacts.filter(({ name }) => fitsPattern(wanted, name));
    if (!fitting.length)
      world.log.warning(
        `downloadArtifacts: ${title(child)} has no artifact '${wanted}'. It has: ${artifacts.map(({ name }) => name).join(', ') || 'none'}.`,
      );
    for (const artifact of fitting) {
      const folder = path.join(
        artifactsFolder(inputs, context),
        folderName(child.item || String(child.id)),
        folderName(artifact.name),
      );
      // What no folder may be called is replaced: two names can become one, and on Windows case makes none another.
      const [key, whose] = [folder.toLowerCase(), `artifact ${artifact.name} of ${title(child)}`];
      const before = filledBy.get(key);
      if (before === whose) continue;
      if (before !== undefined)
        throw new UserError(
          `downloadArtifacts: ${whose} would be put into ${folder}, where ${before} is; name the items of runs otherwise. ${child.url}`,
        );
      filledBy.set(key, whose);
      const files = await downloadArtifact(context.azureDevOps, { child, artifact, folder }, world);
      world.log.info(`${title(child)}: artifact ${artifact.name}, ${files.length} file(s), is in ${folder}`);
    }
  }
}

function artifactsFolder({ artifactsFolder: given }: BringBack, { agent, parent }: Context): string {
  const base =
    agent.variable(parent?.kind === 'release' ? 'System.ArtifactsDirectory' : 'Pipeline.Workspace') ??
    agent.variable('System.DefaultWorkingDirectory') ??
    '.';
  return path.resolve(base, given ?? 'cascade');
}

/** A name of others as one folder: no separator, no way up. */
function folderName(name: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  return name.replace(/[\\/:*?"<>|\u0000-\u001f]/g, '_').replace(/^\.+/, '_');
}
