import fc from 'fast-check';
import { readInputs as pipelineInputs } from '../../tasks/TriggerPipeline/inputs';
import { readInputs as releaseInputs } from '../../tasks/TriggerRelease/inputs';
import { readInputs as staleInputs } from '../../tasks/DockerBaseStaleCheck/inputs';
import { runReferences } from '../../tasks/TriggerPipeline/runReferences';
import { readYaml } from '../../tasks/lib/yamlInput';
import type { Read } from '../../tasks/lib/inputs';
import { taskJson } from '../tasks/taskJson/taskJson';
import { bounded } from './bounded';
import { kept, piecesOf } from './texts';

const YAML = piecesOf(
  `- |: |, |[|]|{|}|\n|\n  |\n    |\t|a|b: c|"|'|&a |*a|<<: *a|| |>\n|!!str |!!set |? |#|---|...|%YAML 1.2\n|~|null|true|0x1F|1.10|.inf|name|matrix|exclude|parameters|value|isSecret|=|\r\n|\uFEFF|__proto__|constructor|$(x)|@file|\u0000|\u2028|😀`.split(
    '|',
  ),
);
const TASKS: [
  name: 'TriggerPipeline' | 'TriggerRelease' | 'DockerBaseStaleCheck',
  read: (read: Read) => Promise<unknown>,
][] = [
  ['TriggerPipeline', (read) => pipelineInputs(read, () => '- { name: a }')],
  ['TriggerRelease', (read) => releaseInputs(read)],
  ['DockerBaseStaleCheck', (read) => staleInputs(read)],
];

describe('Any text as an input', function () {
  this.timeout(120_000);

  it('is YAML or an error that says where it is none', () =>
    fc.assert(
      fc.asyncProperty(YAML, async (text) => {
        await bounded(() => readYaml(text, 'parameters'));
      }),
      kept(20261121, 3000, [['*a'], ['? {}'], ['[['], ['a: &a [*a]'], ['!!set {a}'], ['- ? :']]),
    ));

  for (const [task, read] of TASKS) {
    it(`of ${task} is a value or a sentence that names the input`, () => {
      const names = taskJson(task).inputs.map(({ name }) => name);
      const given = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names), YAML, YAML);
      const property = fc.asyncProperty(given, async ([one, other, first, second]) => {
        const table: Record<string, string> = { project: 'P', pipeline: 'p', definition: 'd' };
        const texts = { ...table, [one]: first.trim(), [other]: second.trim() };
        await bounded(() => read((name) => texts[name] || undefined));
      });
      return fc.assert(property, kept(20261122, 2500));
    });
  }

  it('is a list of runs or a sentence that names the word', () => {
    const words = piecesOf(
      '1001|,| |;|[|]|"|https://dev.azure.com/o/P/_build/results?buildId=|&|%|%41|%E0%A4%A|#|http://|:|@|latest|-1|1e9|\n'.split(
        '|',
      ),
    );
    const read = (text: string) => bounded(() => runReferences(text, 'P', 'https://dev.azure.com/o/'));
    return fc.assert(
      fc.asyncProperty(words, async (text) => {
        await read(text);
      }),
      kept(20261123, 4000, [['https://dev.azure.com/o/%E0%A4%A/_build/results?buildId=1']]),
    );
  });
});
