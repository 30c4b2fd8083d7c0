import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startRegistry } from '../../emulator/registry/server';
import type { Run } from '../../emulator/state/runs';
import { runStep } from '../agent/agent';
import { buildVariables } from '../agent/systemVariables';
import { taskFolder } from '../tasks/taskFolder';
import { startRun } from './cascadeScene';
import { useTabPage } from './tabPage';

describe('What the packaged tasks attach, in the tab', function () {
  this.timeout(120_000);
  const tabPage = useTabPage();

  /** Runs a step of a run as an agent does, and gives the run what it attached. */
  async function step(parent: Run, task: string, inputs: Record<string, string>): Promise<void> {
    const { emulator } = tabPage;
    const { result, attachments, log } = await runStep({
      taskFolder: await taskFolder(task),
      node: process.env.CASCADE_TEST_NODE ?? process.execPath,
      inputs,
      stepName: task,
      variables: buildVariables({
        ...{ collectionUri: emulator.url, project: 'Fabrikam', runId: parent.id, runNumber: parent.number },
      }),
      systemConnection: { url: emulator.url, token: emulator.token },
    });
    assert.match(result, /^Succeeded/, log.join('\n'));
    for (const { type, name, content } of attachments) emulator.state.addAttachment(parent, { type, name, content });
  }

  it('are the runs of TriggerPipeline', async () => {
    const { emulator } = tabPage;
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 600_000 });
    emulator.state.addPipeline({ name: 'child', script: { durationMs: 500 } });
    await step(parent, 'TriggerPipeline', {
      pipeline: 'child',
      runs: '- { name: one }\n- { name: two }\n',
      pollingInterval: '1',
    });
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /child .* one .*succeeded/ }).waitFor();
    await tab.getByRole('row', { name: /child .* two .*succeeded/ }).waitFor();
  });

  it('are the releases of TriggerRelease', async () => {
    const { emulator } = tabPage;
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 600_000 });
    emulator.state.releaseArea.addDefinition({
      name: 'Deploy',
      stages: [{ name: 'Dev' }],
      script: { durationMs: 500 },
    });
    await step(parent, 'TriggerRelease', { definition: 'Deploy', pollingInterval: '1' });
    const tab = await tabPage.show(parent.id);
    await tab.getByRole('row', { name: /Deploy Release-1 succeeded/ }).waitFor();
  });

  it('are the Dockerfiles of DockerBaseStaleCheck, with verdict, reason and base', async () => {
    const { emulator } = tabPage;
    emulator.state.addProject('Fabrikam');
    const parent = startRun(emulator, 'parent', { durationMs: 600_000 });
    emulator.state.addPipeline({ name: 'rebuild', script: { durationMs: 500 } });
    const registry = await startRegistry();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cascade-images-'));
    try {
      registry.put('library/r-base', '4.4', { created: new Date().toISOString(), layers: ['R'] });
      fs.writeFileSync(path.join(folder, 'Dockerfile'), `FROM ${registry.host}/library/r-base:4.4\n`);
      await step(parent, 'DockerBaseStaleCheck', { searchFolder: folder, pipeline: 'rebuild' });
    } finally {
      await registry.close();
      fs.rmSync(folder, { recursive: true, force: true });
    }
    const tab = await tabPage.show(parent.id);
    await tab
      .getByRole('row', {
        name: /^Dockerfile stale .+r-base:4\.4 \(base, line 1\)/,
      })
      .waitFor();
  });
});
