import fs from 'node:fs';
import os from 'node:os';
import { strFromU8, unzipSync } from 'fflate';

/** A file of the package, by its path inside. */
export interface PackagedFile {
  name: string;
  /** Bytes that it takes in the package. */
  zippedBytes: number;
  content: Uint8Array;
}

interface Contribution {
  id: string;
  type: string;
  properties?: { name?: string };
}

/** An agent downloads and unpacks a task's folder before its first run: few files, few bytes. */
const LARGEST_TASK = { files: 6, zippedBytes: 250 * 1024 };
/** Tasks that hold more than a client: readers of Dockerfiles, shell text and six kinds of package indexes, one of them packed by xz. */
const LARGER_TASKS: Record<string, typeof LARGEST_TASK> = {
  DockerBaseStaleCheck: { files: 7, zippedBytes: 340 * 1024 },
};

/** The files of a .vsix, which is a zip. */
export function readPackage(file: string): PackagedFile[] {
  const zipped = new Map<string, number>();
  const contents = unzipSync(fs.readFileSync(file), {
    filter: ({ name, size }) => {
      zipped.set(name, size);
      return !name.endsWith('/');
    },
  });
  return Object.entries(contents).map(([name, content]) => ({ name, zippedBytes: zipped.get(name) ?? 0, content }));
}

/** Folders of the tasks that the package contributes; a contribution's `name` is its folder. */
export function taskFolders(files: PackagedFile[]): string[] {
  const manifest = textOf(files, 'extension.vsomanifest') ?? '{}';
  const { contributions = [] } = JSON.parse(manifest) as { contributions?: Contribution[] };
  return contributions
    .filter(({ type }) => type === 'ms.vss-distributed-task.task')
    .map(({ id, properties }) => properties?.name ?? id);
}

/**
 * What must not be published, a sentence each; none when the package is right.
 * @param root the folder of the project, of which no path may be inside.
 */
export function problemsIn(files: PackagedFile[], root: string): string[] {
  const folders = taskFolders(files);
  return [
    ...(folders.length ? [] : ['The package contributes no task.']),
    ...['ThirdPartyNotices.txt', 'sbom.cdx.json', 'LICENSE.md', 'overview.md', 'privacy.md', 'images/icon.png']
      .filter((name) => textOf(files, name) === undefined)
      .map((name) => `${name} is missing.`),
    ...picturesOf(textOf(files, 'overview.md'))
      .filter((name) => textOf(files, name) === undefined)
      .map((name) => `overview.md shows ${name}, which is missing.`),
    ...folders.flatMap((folder) => taskProblems(files, folder)),
    ...files.flatMap((file) => fileProblems(file, root)),
  ];
}

/** Pictures that a Markdown text shows from beside it. */
function picturesOf(markdown = ''): string[] {
  return [...markdown.matchAll(/!\[[^\]]*\]\(([^):]+)\)/g)].map(([, file = '']) => file);
}

function taskProblems(files: PackagedFile[], folder: string): string[] {
  const own = files.filter(({ name }) => name.startsWith(`${folder}/`));
  const most = LARGER_TASKS[folder] ?? LARGEST_TASK;
  const zippedBytes = own.reduce((sum, file) => sum + file.zippedBytes, 0);
  const missing = ['task.json', 'icon.png', ...targets(textOf(own, `${folder}/task.json`))].filter(
    (name) => !own.some((file) => file.name === `${folder}/${name}`),
  );
  return [
    ...missing.map((name) => `${folder}/${name} is missing.`),
    ...(own.length > most.files ? [`${folder} has ${own.length} files; at most ${most.files} are allowed.`] : []),
    ...(zippedBytes > most.zippedBytes
      ? [`${folder} has ${zippedBytes} bytes zipped; at most ${most.zippedBytes} are allowed.`]
      : []),
  ];
}

/** The scripts that task.json names, for whichever part of a job. */
function targets(taskJson = '{}'): string[] {
  const task = JSON.parse(taskJson) as Record<string, Record<string, { target: string }> | undefined>;
  const parts = [task.prejobexecution, task.execution, task.postjobexecution];
  const named = parts.flatMap((part) => Object.values(part ?? {}).map(({ target }) => target));
  return [...new Set(named)];
}

function fileProblems({ name, content }: PackagedFile, root: string): string[] {
  const text = strFromU8(content);
  return [
    ...(name.includes('node_modules/') ? [`${name} lies in node_modules.`] : []),
    ...(name.endsWith('.map') || text.includes('//# sourceMappingURL=') ? [`${name} is or has a source map.`] : []),
    ...[root, os.homedir()]
      .filter((folder) => folder.length > 1 && text.includes(`${folder}/`))
      .map((folder) => `${name} names the folder ${folder} of this machine.`),
  ];
}

function textOf(files: PackagedFile[], name: string): string | undefined {
  const file = files.find((candidate) => candidate.name === name);
  return file && strFromU8(file.content);
}
