import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { createJob, type Job } from '../agent/job';
import { runStep, type StepResult } from '../agent/agent';
import { buildVariables, releaseVariables } from '../agent/systemVariables';
import { PROJECT, startScene, type Scene } from '../signin/scene';
import { taskFolder } from '../tasks/taskFolder';
import { together } from '../tasks/together';
import { addPipelines, RECIPES as PIPELINE_RECIPES, type Recipe } from './recipes';
import { addDefinitions, RELEASE_RECIPES } from './releaseRecipes';
import { taskNameOf, yamlBlocks, type Step, type YamlBlock } from './yamlBlocks';

const ROOT = path.join(__dirname, '..', '..');
const PAGES = ['overview.md', 'README.md'];
/** Blocks that are not run, and why. */
const NOT_RUN: Record<string, string> = {
  'Rebuild images when their base image changes': 'bases.test.ts runs it with a registry',
  'Rebuild images when a package on top of their base changes': 'locks.test.ts runs it in a checkout',
  'Keep in git what each image was built from': 'locks.test.ts runs it in a checkout',
};

const RECIPES: Record<string, Recipe> = { ...PIPELINE_RECIPES, ...RELEASE_RECIPES };
const TASKS = ['TriggerPipeline', 'TriggerRelease', 'DockerBaseStaleCheck'];
const blocks = PAGES.flatMap((page) => yamlBlocks(page, ...TASKS));

describe('The YAML of the pages', function () {
  this.timeout(120_000);
  const it = together();
  const scenes: Scene[] = [];
  after(() => Promise.all(scenes.map((scene) => scene.close())));

  it('is all run, or has a reason not to be', async () => {
    const known = [...Object.keys(RECIPES), ...Object.keys(NOT_RUN)];
    assert.deepEqual(blocks.map(({ title }) => title).toSorted(), known.toSorted());
  });

  it('names each task in full as the manifest does, and in short', async () => {
    const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'vss-extension.json'), 'utf8')) as {
      publisher: string;
      id: string;
      contributions: { id: string; properties: { name: string } }[];
    };
    const overview = fs.readFileSync(path.join(ROOT, 'overview.md'), 'utf8');
    const fullNames = TASKS.map((task) => {
      const contribution = manifest.contributions.find(({ properties }) => properties.name === task);
      return `${manifest.publisher}.${manifest.id}.${contribution?.id ?? ''}.${task}@1`;
    });
    for (const name of fullNames) assert.ok(overview.includes(name), `overview.md names ${name}`);
    const known = [...fullNames, ...TASKS.map((task) => `${task}@1`)];
    const used = new Set(blocks.flatMap(({ steps }) => steps.map(({ task }) => task)));
    assert.deepEqual(
      [...used].filter((name) => !known.includes(name)),
      [],
    );
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
  const parent = own.state.addPipeline({
    name: 'parent',
    ...(recipe.parent && { yaml: block.yaml }),
    ...(recipe.parentHasEnded && { script: { durationMs: 0 } }),
  });
  const run = own.state.queue(parent);
  addDefinitions(scene, parent);
  const { endpoints = [] } = recipe.given?.(scene) ?? {};
  const before = own.state.runs.length;
  const { releases } = own.state.releaseArea;
  const releasesBefore = releases.length;
  const host = {
    ...{ collectionUri: own.url, project: PROJECT, projectId: parent.project.id },
    ...{ runId: run.id, definitionId: parent.id, commit: run.commit },
  };
  const inRelease = recipe.host === 'release';
  const job = createJob({
    variables: inRelease ? releaseVariables({ ...host, artifactAlias: '_parent' }) : buildVariables(host),
    ...(recipe.secretVariables && { secretVariables: recipe.secretVariables }),
    systemConnection: { url: inRelease ? own.releaseUrl : own.url, token: own.token },
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
  recipe.expect?.({ steps, started: own.state.runs.slice(before), created: releases.slice(releasesBefore), scene });
}

async function playStep(step: Step, index: number, { job, scene }: { job: Job; scene: Scene }): Promise<StepResult> {
  const inputs = Object.entries(step.inputs).map(([name, value]) => [
    name,
    value.replace('https://dev.azure.com/northwind', scene.other.url),
  ]);
  return runStep({
    taskFolder: await taskFolder(taskNameOf(step.task)),
    node: process.env.CASCADE_TEST_NODE ?? process.execPath,
    inputs: Object.fromEntries(inputs) as Record<string, string>,
    stepName: step.name ?? `${taskNameOf(step.task)}${index + 1}`,
    job,
  });
}
