import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createJob, type Job } from '../agent/job';
import { runStep, type StepResult } from '../agent/agent';
import { buildVariables } from '../agent/systemVariables';
import { PROJECT, startScene, type Scene } from '../signin/scene';
import { taskFolder } from '../tasks/taskFolder';
import { together } from '../tasks/together';
import { addPipelines, RECIPES, type Recipe } from './recipes';
import { yamlBlocks, type Step, type YamlBlock } from './yamlBlocks';

const PAGES = ['overview.md', 'README.md'];
/** Blocks that are not run, and why. */
const NOT_RUN: Record<string, string> = {
  'Rebuild images when their base image changes': 'bases.test.ts runs it with a registry',
  'Rebuild images when a package on top of their base changes': 'locks.test.ts runs it in a checkout',
  'Keep in git what each image was built from': 'locks.test.ts runs it in a checkout',
};

const blocks = PAGES.flatMap((page) => yamlBlocks(page, 'TriggerPipeline'));

describe('The YAML of the pages', function () {
  this.timeout(120_000);
  const it = together();
  const scenes: Scene[] = [];
  after(() => Promise.all(scenes.map((scene) => scene.close())));

  it('is all run, or has a reason not to be', async () => {
    const known = [...Object.keys(RECIPES), ...Object.keys(NOT_RUN)];
    assert.deepEqual(blocks.map(({ title }) => title).toSorted(), known.toSorted());
  });

  it('names the task in full as the manifest does', async () => {
    const manifest = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'vss-extension.json'), 'utf8')) as {
      publisher: string;
      id: string;
      contributions: { id: string; properties: { name: string } }[];
    };
    const [contribution] = manifest.contributions.filter(({ properties }) => properties.name === 'TriggerPipeline');
    const full = `${manifest.publisher}.${manifest.id}.${contribution?.id ?? ''}.TriggerPipeline@1`;
    const names = new Set(blocks.flatMap(({ steps }) => steps.map(({ task }) => task)));
    assert.deepEqual([...names], ['TriggerPipeline@1', full]);
  });

  for (const block of blocks.filter(({ title }) => title in RECIPES)) {
    it(`works: ${block.title}`, async () => {
      const scene = await startScene();
      scenes.push(scene);
      addPipelines(scene);
      await play(block, RECIPES[block.title] ?? {}, scene);
    });
  }
});

async function play(block: YamlBlock, recipe: Recipe, scene: Scene): Promise<void> {
  const { own } = scene;
  const { endpoints = [] } = recipe.given?.(scene) ?? {};
  const parent = own.state.addPipeline({ name: 'parent', ...(recipe.parent && { yaml: block.yaml }) });
  const run = own.state.queue(parent);
  const before = own.state.runs.length;
  const job = createJob({
    variables: buildVariables({
      collectionUri: own.url,
      project: PROJECT,
      projectId: parent.project.id,
      runId: run.id,
      definitionId: parent.id,
      commit: run.commit,
    }),
    ...(recipe.secretVariables && { secretVariables: recipe.secretVariables }),
    systemConnection: { url: own.url, token: own.token },
    endpoints,
  });
  const steps: StepResult[] = [];
  for (const [index, step] of block.steps.entries()) steps.push(await playStep(step, index, { job, scene }));
  const last = steps.length - 1;
  for (const [index, step] of steps.entries()) {
    assert.equal(step.result, index === last ? (recipe.result ?? 'Succeeded') : 'Succeeded', step.log.join('\n'));
    assert.deepEqual(step.leaks, []);
    assert.deepEqual(step.prematureProblems, []);
  }
  assert.ok(steps.length > 0, 'the block has a step of the task');
  recipe.expect?.({ steps, started: own.state.runs.slice(before), scene });
}

async function playStep(step: Step, index: number, { job, scene }: { job: Job; scene: Scene }): Promise<StepResult> {
  const inputs = Object.entries(step.inputs).map(([name, value]) => [
    name,
    value.replace('https://dev.azure.com/northwind', scene.other.url),
  ]);
  return runStep({
    taskFolder: await taskFolder('TriggerPipeline'),
    node: process.env.CASCADE_TEST_NODE ?? process.execPath,
    inputs: Object.fromEntries(inputs) as Record<string, string>,
    stepName: step.name ?? `TriggerPipeline${index + 1}`,
    job,
  });
}
