import path from 'node:path';
import { startPackageIndexes, type IndexEmulator } from '../../../../emulator/packages/server';
import { buildVariables, type BuildRun } from '../../../agent/systemVariables';
import { startGitServer, type GitServer, type GitServerOptions } from '../../../git/server';
import { closeProjects, daysAgo, startProject, type Checked, type Project } from '../project';

/** Path of the one lock of the repository. */
export const LOCK = 'images/r/Dockerfile.lock.json';
/** The job's token, with which the repository is read and written. */
export const TOKEN = 'the-token-of-this-job-0815';
const open: { close(): Promise<void> }[] = [];

export interface Setup {
  project: Project;
  server: GitServer;
  indexes: IndexEmulator;
  /** Folder of the checkout. */
  folder: string;
  run: (
    inputs?: Record<string, string>,
    more?: { build?: Partial<BuildRun>; env?: Record<string, string> },
  ) => Promise<Checked>;
}

/** A checkout of a repository with one image, as the agent leaves it, and a job in the same organization. */
export async function setUp(
  options: GitServerOptions & { depth?: number; attached?: boolean; branch?: string } = {},
): Promise<Setup> {
  const project = await startProject();
  const { state } = project.emulator;
  const fabrikam = state.findProject('Fabrikam');
  if (fabrikam) state.addRepository(fabrikam, 'images');
  project.registry.put('team/python', '3.12-bookworm', [{ created: daysAgo(60), layers: ['base'] }]);
  const indexes = await startPackageIndexes();
  indexes.put({ kind: 'pypi' }, 'numpy', ['2.3.1']);
  const dockerfile = `FROM ${project.registry.host}/team/python:3.12-bookworm\nRUN pip install "numpy>=2"\n`;
  const server = await startGitServer({
    authorization: `Bearer ${TOKEN}`,
    files: { 'images/r/Dockerfile': dockerfile, 'README.md': 'images\n' },
    ...options,
  });
  open.push(server, indexes);
  const { branch = 'main' } = options;
  if (branch !== 'main') server.git('branch', branch, 'main');
  const folder = path.join(project.folder, 'sources');
  await server.checkOut(folder, options);
  project.emulator.tokens.push({ token: TOKEN });
  return {
    ...{ project, server, indexes, folder },
    run: (inputs = {}, { build = {}, env = {} } = {}) =>
      project.check(
        {
          searchFolder: folder,
          packages: 'pip',
          packageIndexes: `pip: ${indexes.urls.pip}`,
          updateLock: 'commit',
          ...inputs,
        },
        {
          variables: buildVariables({
            ...{ collectionUri: project.emulator.url, project: 'Fabrikam', runNumber: '20261121.7' },
            branch: `refs/heads/${branch}`,
            repository: { id: 'images', name: 'images', uri: server.url, provider: 'TfsGit' },
            ...build,
          }),
          workingDirectory: folder,
          systemConnection: { url: project.emulator.url, token: TOKEN },
          env,
        },
      ),
  };
}

/** For `after`. */
export async function closeCheckouts(): Promise<void> {
  await Promise.all(open.splice(0).map((one) => one.close()));
  await closeProjects();
}
