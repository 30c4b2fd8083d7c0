import { startPackageIndexes } from '../emulator/packages/server';
import { closeProjects, daysAgo, startProject } from '../tests/tasks/DockerBaseStaleCheck/project';
import { inMs, type Figure } from './figure';

const IMAGES = 200;
const MENTIONS = 5000;
/** Distinct packages by manager: 400. */
const PACKAGES = { pip: 260, npm: 50, cran: 40, conda: 20, apt: 30 };
const VERSIONS = Array.from({ length: 40 }, (_, minor) => ({
  version: `1.${minor}.0`,
  released: daysAgo(400 - minor),
}));

/** What a check of many images costs of which each installs many packages: cold, and with the answers of the last night. */
export async function packages(): Promise<Figure[]> {
  const project = await startProject();
  const indexes = await startPackageIndexes();
  try {
    project.registry.put('team/python', '3.12-bookworm', [{ created: daysAgo(60), layers: ['base'] }]);
    for (let at = 0; at < PACKAGES.pip; at++) indexes.put({ kind: 'pypi' }, `pip-${at}`, VERSIONS);
    for (let at = 0; at < PACKAGES.npm; at++) indexes.put({ kind: 'npm' }, `npm-${at}`, VERSIONS);
    for (let at = 0; at < PACKAGES.cran; at++) indexes.put({ kind: 'cran' }, `cran${at}`, VERSIONS);
    for (let at = 0; at < PACKAGES.conda; at++)
      indexes.put({ kind: 'conda', channel: 'conda-forge' }, `conda-${at}`, VERSIONS);
    for (let at = 0; at < PACKAGES.apt; at++) indexes.put({ kind: 'debian', suite: 'bookworm' }, `apt-${at}`, VERSIONS);
    for (let image = 0; image < IMAGES; image++) project.write(`${image}/Dockerfile`, dockerfile(image));
    const inputs = { packages: 'all', packageIndexes: JSON.stringify(indexes.urls), updateLock: 'write' };
    const plain = await plainLoop(`${indexes.urls.pip}/pip-0/`);
    indexes.calls.splice(0);
    const begin = performance.now();
    const cold = await project.check(inputs);
    const coldMs = performance.now() - begin;
    const coldRequests = indexes.calls.length;
    const mentions = cold.report.dockerfiles.flatMap((one) => one.packages).length;
    if (mentions !== MENTIONS) throw new Error(`${mentions} mentions were read, not ${MENTIONS}.`);
    indexes.calls.splice(0);
    const again = performance.now();
    const warm = await project.check(inputs, { job: cold.job });
    const warmMs = performance.now() - again;
    const stale = [...Object.values(cold.verdicts), ...Object.values(warm.verdicts)].filter((one) => one !== 'fresh');
    if (stale.length) throw new Error(`${stale.length} images are not fresh.`);
    const distinct = Object.values(PACKAGES).reduce((sum, count) => sum + count);
    const name = `packages of ${IMAGES} images (${MENTIONS} mentions, ${distinct} distinct)`;
    const beside = `${inMs(plain)} for a bare loop of ${distinct} requests`;
    const unconditional = indexes.calls.filter(({ conditional }) => !conditional).length;
    return [
      {
        name: `${name}, cold: requests to indexes`,
        value: String(coldRequests),
        baseline: `${distinct} distinct packages`,
        limit: '400',
      },
      { name: `${name}, cold: from start to end of the step`, value: inMs(coldMs), baseline: beside, limit: '10 s' },
      {
        name: `${name}, warm: requests that are not conditional`,
        value: String(unconditional),
        baseline: `${indexes.calls.length} requests in all`,
        limit: '0',
      },
      { name: `${name}, warm: from start to end of the step`, value: inMs(warmMs), baseline: beside, limit: '10 s' },
    ];
  } finally {
    await indexes.close();
    await closeProjects();
  }
}

function dockerfile(image: number): string {
  const some = (count: number, of: number, name: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => name((image * count + at) % of)).join(' ');
  return [
    'FROM REGISTRY/team/python:3.12-bookworm',
    `RUN apt-get update && apt-get install -y ${some(3, PACKAGES.apt, (at) => `apt-${at}`)}`,
    `RUN pip install ${some(16, PACKAGES.pip, (at) => `pip-${at}`)}`,
    `RUN npm install -g ${some(2, PACKAGES.npm, (at) => `npm-${at}`)}`,
    `RUN install2.r ${some(3, PACKAGES.cran, (at) => `cran${at}`)}`,
    `RUN mamba install -y ${some(1, PACKAGES.conda, (at) => `conda-${at}`)}\n`,
  ].join('\n');
}

/** The same count of requests one after the other, and nothing else. */
async function plainLoop(url: string): Promise<number> {
  const begin = performance.now();
  for (let at = 0; at < Object.values(PACKAGES).reduce((sum, count) => sum + count); at++)
    await (await fetch(url)).text();
  return performance.now() - begin;
}
