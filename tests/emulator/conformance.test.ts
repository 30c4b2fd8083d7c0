import assert from 'node:assert/strict';
import { routes } from '../../emulator/dispatch';
import { resources } from '../../emulator/routes/resources';
import { startEmulator, type Emulator } from '../../emulator/server';
import { askEverything } from './everyRoute';
import { publishedSpecs, specsFolder } from './publishedSpecs';
import { request, standingClock, type Answer } from './request';

/** Routes that the documents lack and that clients use all the same. */
const unpublished = [
  '_apis/resourceAreas',
  '_apis/resourceAreas/{areaId}',
  '_apis/connectionData',
  '_apis/permissions/{securityNamespaceId}/{permissions}',
  '{project}/_apis/artifact/{buildId}/{artifactName}/content',
  '{project}/_apis/distributedtask/queues/{queueId}/jobrequests',
  '_apis/distributedtask/pools/{poolId}/jobrequests',
  '_apis/distributedtask/pools/{poolId}/jobrequests/{requestId}',
  '_apis/distributedtask/pools/{poolId}/sessions',
  '_apis/distributedtask/pools/{poolId}/sessions/{sessionId}',
  '_apis/distributedtask/pools/{poolId}/messages',
  '_apis/distributedtask/pools/{poolId}/messages/{messageId}',
  '_apis/oauth2/token/{id}',
  '_apis/distributedtask/resourceusage',
  '{project}/_apis/release/artifacts/versions',
  '{project}/_apis/release/releases/{releaseId}/tags',
  '{project}/_apis/release/releases/{releaseId}/tags/{tag}',
];

/** Query parameters that the documents lack: `$format` of artifacts is named in the fact sheets. */
const unpublishedQuery = ['$format', 'api-version'];

describe('The emulator and the published documents', () => {
  const folder = specsFolder();
  let emulator: Emulator;
  let close = (): Promise<void> => Promise.resolve();
  const clock = standingClock();
  const answers: { method: string; path: string; answer: Answer }[] = [];

  before(async function () {
    if (folder === undefined) {
      console.log('      ../shared/specs is not there: nothing is compared with the published documents');
      this.skip();
    }
    emulator = await startEmulator({ clock });
    close = () => emulator.close();
    await askEverything(emulator.state, clock, async (line, options) => {
      const [method = '', path = ''] = line.split(' ');
      const answer = await request(
        emulator,
        line,
        path.includes('_apis/release/') ? { url: emulator.releaseUrl, ...options } : options,
      );
      assert.ok(answer.status < 300, `${line}: ${answer.status} ${answer.text}`);
      answers.push({ method, path, answer });
      return answer.body;
    });
  });

  after(async () => {
    await close();
  });

  it('asks only for routes and query parameters that the documents know', () => {
    const specs = publishedSpecs(folder!);
    const problems: string[] = [];
    for (const call of emulator.calls) {
      if (unpublished.includes(call.route)) continue;
      const operations = specs.find(call.method, call.route);
      const names = [...new URLSearchParams(call.path.split('?')[1] ?? '').keys()].map((name) => name.toLowerCase());
      const asked = names.filter((name) => !unpublishedQuery.includes(name));
      const known = operations.some((operation) => asked.every((name) => operation.query.has(name)));
      if (!known) problems.push(`${call.method} ${call.path}`);
    }
    assert.deepEqual(problems, []);
  });

  it('answers in the published shapes, without a field that nobody published', () => {
    const specs = publishedSpecs(folder!);
    const problems: string[] = [];
    for (const [index, { method, path, answer }] of answers.entries()) {
      const call = emulator.calls[index]!;
      if (answer.text === '' || unpublished.includes(call.route)) continue;
      // With all its properties a list holds whole definitions, which the documents show only one by one.
      const whole = path.includes('includeAllProperties=true');
      const route = whole ? `${call.route}/{definitionId}` : call.route;
      const isJson = answer.headers.get('content-type')?.includes('json');
      const bodies: unknown[] = whole ? answer.body.value : [isJson ? answer.body : answer.text];
      const found = specs
        .find(method, route)
        .map((operation) => bodies.flatMap((body) => specs.problems(operation, body)));
      const best = found.toSorted((a, b) => a.length - b.length)[0] ?? ['no operation'];
      for (const problem of best.slice(0, 5)) problems.push(`${method} ${path}: ${problem}`);
    }
    assert.deepEqual(problems, []);
  });

  it('has been asked once for each of its published routes', () => {
    const asked = new Set(emulator.calls.map((call) => `${call.method} ${call.route}`));
    const left = routes
      .filter((route) => !unpublished.includes(route.template))
      .map((route) => `${route.method} ${route.template}`)
      .filter((route) => !asked.has(route) && !/\/timeline\/\{|attachments\/\{type\}\/\{name\}/i.test(route));
    assert.deepEqual(left, []);
  });

  it('knows no newer version of a resource than the documents', () => {
    const specs = publishedSpecs(folder!);
    for (const route of routes) {
      if (unpublished.includes(route.template)) continue;
      const resource = resources.find((candidate) => candidate.id === route.resource)!;
      for (const operation of specs.find(route.method, route.template)) {
        const published = Number(/preview\.(\d+)/.exec(operation.version)?.[1] ?? 1);
        assert.equal(resource.resourceVersion, published, `${route.method} ${route.template}`);
      }
    }
  });
});
