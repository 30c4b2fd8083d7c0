import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../../emulator/server';
import { choicesOf, type Binding, type Choice } from './pickList';
import { taskJsons } from './taskJson';

interface List {
  /** What the inputs hold that the list depends on. */
  inputs: Record<string, string>;
  shows: Choice[];
}

const named = (name: string, value = name): Choice => ({ Value: value, DisplayValue: name });

/** What the list of each input shows, by task. */
const LISTS: Record<string, Record<string, List>> = {
  TriggerPipeline: { project: projects(), pipeline: pipelines() },
  DockerBaseStaleCheck: { project: projects(), pipeline: pipelines() },
  TriggerRelease: {
    project: projects(),
    definition: {
      inputs: { project: 'Fabrikam Fiber' },
      shows: [named('Deploy', '1'), named('Deploy', '2'), named('Scan Pre Prod', '3')],
    },
    stages: {
      inputs: { project: 'Fabrikam Fiber', definition: '2' },
      shows: [named('Dev'), named('Test & Load'), named('Prod')],
    },
    release: {
      inputs: { project: 'Fabrikam Fiber', definition: '2' },
      shows: [named('Deploy Release-2', '303'), named('Deploy Release-1', '302')],
    },
  },
};

function projects(): List {
  return { inputs: {}, shows: [named('Fabrikam Fiber'), named('Images')] };
}

function pipelines(): List {
  return { inputs: { project: 'Images' }, shows: [named('rebuild', '2'), named('scan', '1')] };
}

describe('The pick lists of the editor', function () {
  this.timeout(30_000);
  let emulator: Emulator;
  before(async () => {
    emulator = await startEmulator();
    const { state } = emulator;
    state.addProject('Fabrikam Fiber');
    state.addProject('Images');
    state.addPipeline({ project: 'Images', name: 'scan', id: 1 });
    state.addPipeline({ project: 'Images', name: 'rebuild', id: 2 });
    state.addPipeline({ project: 'Fabrikam Fiber', name: 'elsewhere' });
    const { releaseArea } = state;
    const stages = [{ name: 'Dev' }];
    const elsewhere = releaseArea.addDefinition({ project: 'Images', name: 'Elsewhere', id: 9, stages });
    const definition = (name: string, id: number, more: string[] = []) => {
      const all = [...stages, ...more.map((stage) => ({ name: stage }))];
      return releaseArea.addDefinition({ project: 'Fabrikam Fiber', name, folder: `of ${id}`, id, stages: all });
    };
    // The one that somebody deleted is in no list.
    Object.assign(definition('Deleted', 4), { deleted: true });
    const [scan, first, second] = [
      ...[definition('Scan Pre Prod', 3), definition('Deploy', 1), definition('Deploy', 2, ['Test & Load', 'Prod'])],
    ];
    for (const one of [first!, second!, second!, scan!, elsewhere]) releaseArea.create(one);
  });
  after(() => emulator.close());

  const show = (binding: Binding, inputs: Record<string, string>): Promise<Choice[]> => {
    const { url, releaseUrl, token } = emulator;
    return choicesOf(binding, inputs, { hosts: { 'tfs:teamfoundation': url, 'tfs:rm': releaseUrl }, token });
  };

  for (const task of taskJsons()) {
    const bindings = (task.dataSourceBindings ?? []) as Binding[];

    it(`of ${task.name} are those of this table`, () => {
      const targets = bindings.map(({ target }) => target);
      assert.deepEqual(targets.toSorted(), Object.keys(LISTS[task.name] ?? {}).toSorted());
      const open = task.inputs.filter(({ type, options }) => type === 'pickList' && !options);
      assert.deepEqual(open.map(({ name }) => name).toSorted(), targets.toSorted(), 'no list is without a source');
    });

    for (const binding of bindings) {
      it(`${task.name}: ${binding.target}`, async () => {
        const list = LISTS[task.name]?.[binding.target];
        assert.ok(list);
        assert.deepEqual(await show(binding, list.inputs), list.shows);
      });

      it(`${task.name}: ${binding.target} is shown again when an input changes that it depends on`, () => {
        const depends = [...JSON.stringify(binding).matchAll(/\$\((\w+)\)/g)].map(([, name]) => name);
        const list = LISTS[task.name]?.[binding.target];
        assert.deepEqual([...new Set(depends)].toSorted(), Object.keys(list?.inputs ?? {}).toSorted());
      });
    }
  }

  it('go on after the first page', async () => {
    const { state } = emulator;
    state.addProject('Many');
    for (let number = 0; number < 620; number++)
      state.addPipeline({ project: 'Many', name: `p${number}`, repository: `r${number}` });
    const task = taskJsons().find(({ name }) => name === 'TriggerPipeline');
    const binding = (task?.dataSourceBindings as Binding[]).find(({ target }) => target === 'pipeline');
    const shown = await show(binding!, { project: 'Many' });
    assert.equal(new Set(shown.map(({ Value }) => Value)).size, 620);
  });
});
