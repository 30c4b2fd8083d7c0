import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDockerfile, type Dockerfile } from '../../../../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';
import type { ImageSource } from '../../../../tasks/DockerBaseStaleCheck/dockerfile/stages';

const FOLDER = join(__dirname, '../../../../../shared/cases/dockerfiles');

interface Expected {
  file: string;
  buildArgs: string[];
  error?: string;
  escape?: string;
  runtimeBase?: string | null;
  from: Row[];
  copyFrom: Row[];
  mountFrom: Row[];
  syntax: string[];
  onbuild: string[];
}

interface Row {
  line: number;
  raw: string;
  resolved?: string;
  image?: string;
  stageRef?: string;
  error?: string;
  platform?: string;
  as?: string;
}

describe('The shared Dockerfile cases', () => {
  if (!existsSync(FOLDER)) {
    // A checkout without the shared folder still tests everything else.
    it('wait for ../shared/cases/dockerfiles beside the project');
    return;
  }
  const cases = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Expected[];

  it('are there', () => {
    assert.ok(cases.length >= 80);
  });

  for (const expected of cases) {
    it(`${expected.file} is read as BuildKit reads it`, () => {
      const text = readFileSync(join(FOLDER, expected.file), 'utf8');
      const buildArguments = new Map(expected.buildArgs.map((pair) => cut(pair)));
      const read = readDockerfile(text, { buildArguments });
      const got = read.kind === 'invalid' ? { ...NOTHING, error: read.message } : summary(read);
      assert.deepEqual({ file: expected.file, buildArgs: expected.buildArgs, ...got }, expected);
    });
  }
});

const NOTHING = { from: [], copyFrom: [], mountFrom: [], syntax: [], onbuild: [] };

function cut(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

function summary(read: Dockerfile): Omit<Expected, 'file' | 'buildArgs'> {
  const inputs = (wanted: 'copy' | 'mount'): Row[] =>
    read.stages
      .flatMap((stage) => stage.inputs)
      .filter(({ role }) => role === wanted)
      .map(({ line, written, source }) => ({ line, raw: written, ...outcome(source, read, /^\d+$/.test(written)) }));
  return {
    escape: read.escape,
    runtimeBase: read.base.kind === 'image' ? read.base.image : read.base.kind === 'scratch' ? 'scratch' : null,
    from: read.stages.map(({ line, written, resolved, base, platform, name }) => ({
      line,
      raw: written,
      ...(resolved !== undefined && { resolved }),
      ...outcome(base, read, false),
      ...(platform !== undefined && { platform }),
      ...(name !== undefined && { as: name }),
    })),
    copyFrom: inputs('copy'),
    mountFrom: inputs('mount'),
    syntax: read.references.flatMap(({ role, image }) => (role === 'frontend' && image ? [image] : [])),
    onbuild: read.stages.flatMap(({ onbuild }) => onbuild),
  };
}

function outcome(source: ImageSource, { stages }: Dockerfile, byIndex: boolean): Partial<Row> {
  if (source.kind === 'image') return { image: source.image };
  if (source.kind === 'stage') return { stageRef: byIndex ? `#${source.stage}` : (stages[source.stage]?.name ?? '') };
  // The cases hold BuildKit's reason without the way around it that it adds.
  if (source.kind === 'unresolved') return { error: source.reason.replace(/, define a new stage with FROM .*/, '') };
  return {};
}
