import assert from 'node:assert/strict';
import { startEmulator, type Emulator } from '../../emulator/server';
import type { Pipeline } from '../../emulator/state/pipelines';
import { request, standingClock, type Answer } from './request';

describe('Queueing at the emulator', () => {
  const clock = standingClock();
  let emulator: Emulator;
  let yaml: Pipeline;
  let classic: Pipeline;

  before(async () => {
    emulator = await startEmulator({ clock });
    emulator.state.addProject('Fabrikam');
    yaml = emulator.state.addPipeline({
      name: 'rebuild',
      yaml: `parameters:
- { name: image, type: string, default: a, values: [a, b] }
- { name: count, type: number, default: 1 }
- { name: fast, type: boolean, default: true }
- { name: hosts, type: object, default: [] }
resources:
  pipelines: [{ pipeline: base, source: base-images }]
stages:
- { stage: Build, displayName: Build it, jobs: [{ job: j, steps: [{ script: 'echo \${{ parameters.image }}' }] }] }
- { stage: Fixed, isSkippable: false, jobs: [{ job: j, steps: [{ script: x }] }] }
`,
      variables: { open: { value: '1', allowOverride: true }, shut: '2' },
    });
    classic = emulator.state.addPipeline({
      name: 'old',
      kind: 'classic',
      variables: { open: { allowOverride: true } },
    });
  });

  after(() => emulator.close());

  function queue(body: object): Promise<Answer> {
    return request(emulator, 'POST Fabrikam/_apis/build/builds', { body: { definition: { id: yaml.id }, ...body } });
  }

  function run(body: object): Promise<Answer> {
    return request(emulator, `POST Fabrikam/_apis/pipelines/${yaml.id}/runs`, { body });
  }

  function reasons(answer: Answer): string[] {
    assert.equal(answer.status, 400, answer.text);
    return answer.body.customProperties.ValidationResults.map(({ message }) => message);
  }

  it('refuses a parameter that is not declared in both areas, with the reason in ValidationResults only', async () => {
    for (const answer of [
      await queue({ templateParameters: { imag: 'a' } }),
      await run({ templateParameters: { imag: 'a' } }),
    ]) {
      assert.deepEqual(reasons(answer), ["Unexpected parameter 'imag'"]);
      assert.equal(answer.body.message, 'Could not queue the build because there were validation errors or warnings.');
      assert.equal(answer.body.typeKey, 'BuildRequestValidationFailedException');
    }
  });

  for (const [what, given, text] of [
    ['a value that is not among the values', { image: 'c' }, /'image' parameter value 'c' is not a valid value/],
    ['text for a number', { count: 'many' }, /'count' parameter value 'many' is not a valid Number/],
    ['text for a boolean', { fast: 'maybe' }, /'fast' parameter value 'maybe' is not a valid Boolean/],
    ['an object that is no JSON', { hosts: '[a' }, /'hosts' parameter is not a valid Object/],
    ['a list for a string', { image: ['a'] }, /'image' parameter/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.match(reasons(await queue({ templateParameters: given }))[0] ?? '', text);
    });
  }

  it('takes parameters whatever the case of their names, and objects as JSON text', async () => {
    const answer = await run({ templateParameters: { IMAGE: 'b', hosts: '["x"]' } });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.templateParameters, { image: 'b', hosts: '["x"]' });
  });

  it('refuses variables that may not be set at queue time, unless the project allows all', async () => {
    assert.match(
      reasons(await queue({ parameters: '{"shut":"1","open":"2","new":"3"}' }))[0] ?? '',
      /following variables \(shut, new\)/,
    );
    yaml.project.limitsSettableVariables = false;
    assert.equal((await queue({ parameters: '{"shut":"1"}' })).status, 200);
    yaml.project.limitsSettableVariables = true;
    assert.equal((await queue({ parameters: '{"system.debug":"true"}' })).status, 200);
  });

  it('refuses to skip what is no stage, is known by its display name, or may not be skipped', async () => {
    for (const name of ['Nope', 'Build it', 'Fixed']) {
      const answer = await run({ stagesToSkip: [name] });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.message, `'${name}' is not a valid stage to skip.`);
    }
    assert.equal((await run({ stagesToSkip: ['Build'] })).status, 200);
  });

  it('refuses a branch that is not there, and one without the YAML file', async () => {
    assert.match(reasons(await queue({ sourceBranch: 'refs/heads/nope' }))[0] ?? '', /using ref refs\/heads\/nope/);
    emulator.state.addCommit(yaml, 'bare', { [yaml.yamlFile]: undefined });
    const bare = await run({ resources: { repositories: { self: { refName: 'refs/heads/bare' } } } });
    assert.match(
      bare.body.message,
      /File \/pipelines\/rebuild\.yml not found in repository Fabrikam branch refs\/heads\/bare/,
    );
    assert.equal((await queue({ sourceBranch: 'refs/heads/main' })).status, 200);
  });

  it('refuses YAML that cannot be read, with line and column', async () => {
    const answer = await request(emulator, `POST Fabrikam/_apis/pipelines/${yaml.id}/preview`, {
      body: { previewRun: true, yamlOverride: 'stages: [\n- a: b: c' },
    });
    assert.match(answer.body.message, /^\/pipelines\/rebuild\.yml \(Line: \d+, Col: \d+\): /);
  });

  it('previews the YAML with its parameters put in, and queues nothing', async () => {
    const before = emulator.state.runs.length;
    const answer = await request(emulator, `POST Fabrikam/_apis/pipelines/${yaml.id}/preview`, {
      body: { templateParameters: { image: 'b' } },
    });
    assert.match(String(answer.body.finalYaml), /stage: Build[\s\S]*task: CmdLine@2[\s\S]*script: echo b/);
    assert.doesNotMatch(String(answer.body.finalYaml), /parameters:/);
    assert.equal((await run({ previewRun: true })).body.id, -1);
    assert.equal(emulator.state.runs.length, before);
  });

  it('knows the aliases of the resources that the YAML declares, and no others', async () => {
    assert.equal((await run({ resources: { pipelines: { base: { version: '20261120.1' } } } })).status, 200);
    assert.match(reasons(await run({ resources: { pipelines: { other: { version: '1' } } } }))[0] ?? '', /'other'/);
    assert.match(reasons(await run({ resources: { containers: { base: { version: '1' } } } }))[0] ?? '', /'base'/);
  });

  it('takes the newest good run of a pipeline resource, or the one that is asked for', async () => {
    const base = emulator.state.addPipeline({ name: 'base-images' });
    const runs = [emulator.state.queue(base), emulator.state.queue(base)];
    clock.jump(60_000);
    const chosen = async (pipelines: object): Promise<unknown> => {
      const { resources } = (await run({ resources: { pipelines } })).body as {
        resources?: { pipelines?: Record<string, { version: string }> };
      };
      return resources?.pipelines?.base?.version;
    };
    assert.equal(await chosen({}), runs[1]!.number);
    assert.equal(await chosen({ base: { runId: runs[0]!.id } }), runs[0]!.number);
    assert.equal(await chosen({ base: { version: runs[0]!.number } }), runs[0]!.number);
  });

  it('hides the value of a secret variable', async () => {
    const answer = await run({ variables: { open: { value: 'hush', isSecret: true } } });
    assert.equal(answer.status, 200);
    assert.doesNotMatch(answer.text, /hush/);
    const build = await request(emulator, `GET Fabrikam/_apis/build/builds/${answer.body.id}`);
    assert.equal(build.body.parameters, '{"open":null}');
  });

  it('refuses a disabled pipeline, an unknown one, an unknown queue and an unknown pool', async () => {
    emulator.state.setQueueStatus(yaml, 'disabled');
    assert.match((await queue({})).body.message, /rebuild .*is disabled/);
    emulator.state.setQueueStatus(yaml, 'enabled');
    assert.deepEqual((await queue({ definition: { id: 4711 } })).status, 404);
    assert.match(reasons(await queue({ queue: { id: 77 } }))[0] ?? '', /queue with the identifier 77/);
    const pool = emulator.state.addPipeline({ name: 'pool', yaml: 'pool: Nowhere\nsteps: [{ script: x }]' });
    assert.match(reasons(await queue({ definition: { id: pool.id } }))[0] ?? '', /pool with name Nowhere/);
  });

  it('queues a classic pipeline with variables, demands, tags and the person whom it is for', async () => {
    const answer = await queue({
      definition: { id: classic.id },
      parameters: '{"open":"7"}',
      demands: [{ name: 'docker' }, 'npm -equals 10'],
      tags: ['t'],
      requestedFor: { id: '11111111-1111-1111-1111-111111111111', displayName: 'Lee Moss' },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.body.parameters, answer.body.tags], ['{"open":"7"}', ['t']]);
    assert.equal((answer.body.requestedFor as { displayName: string }).displayName, 'Lee Moss');
    assert.deepEqual(emulator.state.runs.at(-1)?.demands, ['docker', 'npm -equals 10']);
  });

  it('finds definitions by pattern, path, id and kind, and says which queue status they have', async () => {
    const names = async (query: string): Promise<string[]> =>
      (await request(emulator, `GET Fabrikam/_apis/build/definitions?${query}`)).body.value.map(({ name }) => name);
    assert.deepEqual(await names('name=REB*'), ['rebuild']);
    assert.deepEqual(await names('name=reb'), []);
    assert.deepEqual(await names('processType=1'), ['old']);
    assert.deepEqual(await names(`definitionIds=${classic.id}`), ['old']);
    assert.deepEqual(await names('path=\\nowhere'), []);
    const one = await request(emulator, `GET Fabrikam/_apis/build/definitions/${yaml.id}`);
    assert.deepEqual(
      [one.body.queueStatus, one.body.process],
      ['enabled', { yamlFilename: '/pipelines/rebuild.yml', type: 2 }],
    );
    assert.deepEqual(one.body.variables, { open: { value: '1', allowOverride: true }, shut: { value: '2' } });
  });
});
