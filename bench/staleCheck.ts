import { closeProjects, daysAgo, startProject } from '../tests/tasks/DockerBaseStaleCheck/project';
import { inMs, type Figure } from './figure';

const DOCKERFILES = 300;
const BASES = 20;

/** What a nightly check of many Dockerfiles costs while their locks hold: requests beside distinct images, and time. */
export async function staleCheck(): Promise<Figure[]> {
  const project = await startProject();
  const { registry } = project;
  try {
    for (let base = 0; base < BASES; base++) {
      registry.put(`base${base}`, '1', [{ created: daysAgo(60), layers: [`base ${base}`] }]);
    }
    for (let one = 0; one < DOCKERFILES; one++)
      project.write(`${one}/Dockerfile`, `FROM REGISTRY/base${one % BASES}:1\n`);
    await project.check({ updateLock: 'write' });
    const { length: before } = registry.calls;
    const begin = performance.now();
    await project.check();
    const name = `stale check of ${DOCKERFILES} locked Dockerfiles`;
    return [
      {
        name: `${name}, requests to the registry`,
        value: String(registry.calls.length - before),
        baseline: `${BASES} distinct images`,
      },
      {
        name: `${name}, from start to end of the step`,
        value: inMs(performance.now() - begin),
        baseline: 'at most 5000 ms',
      },
    ];
  } finally {
    await closeProjects();
  }
}
