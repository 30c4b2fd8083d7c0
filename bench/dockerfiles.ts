import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDockerfile } from '../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';
import { findDockerfiles, systemFiles } from '../tasks/DockerBaseStaleCheck/findDockerfiles';

const CASES = join(__dirname, '../../shared/cases/dockerfiles');
const FILES = 10_000;
/** 200,000 files, half of them in node_modules; every tenth project has a Dockerfile in each folder. */
const TREE = { projects: 200, folders: 20, filesEach: 50 };
/** Lines of an everyday Dockerfile behind each case, so that a text is about as long as a real one. */
const EVERYDAY = `
ARG PYTHON=3.12
ENV PATH="/opt/venv/bin:$PATH" PIP_NO_CACHE_DIR=1
RUN apt-get update \\
  # build tools
  && apt-get install --yes --no-install-recommends build-essential curl git \\
  && rm -rf /var/lib/apt/lists/*
COPY --chown=1000:1000 requirements.txt ./
RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt "numpy==\${PYTHON}"
LABEL org.opencontainers.image.title="bench" org.opencontainers.image.version=$PYTHON
COPY . .
USER 1000
CMD ["python", "-m", "app"]
`;

interface Measured {
  ms: number;
  /** Growth of the resident memory, in MB. */
  megabytes: number;
}

async function measure(work: () => unknown): Promise<Measured> {
  const before = process.memoryUsage().rss;
  const start = performance.now();
  await work();
  return { ms: performance.now() - start, megabytes: (process.memoryUsage().rss - before) / 1e6 };
}

function print(what: string, { ms, megabytes }: Measured): void {
  console.log(`${what.padEnd(66)} ${ms.toFixed(0).padStart(6)} ms ${megabytes.toFixed(0).padStart(5)} MB`);
}

/** Prints how long it takes to read 10,000 Dockerfiles, and to find some in a tree of 200,000 files, beside a baseline. */
export async function benchDockerfiles(): Promise<void> {
  await benchReading();
  await benchFinding();
}

async function benchReading(): Promise<void> {
  const seeds = existsSync(CASES)
    ? readdirSync(CASES)
        .filter((name) => name.endsWith('.Dockerfile'))
        .map((name) => readFileSync(join(CASES, name), 'utf8'))
    : ['ARG V=24.04\nFROM ubuntu:$V AS build\nFROM build\n'];
  const texts = Array.from({ length: FILES }, (_, index) => `${seeds[index % seeds.length] ?? ''}${EVERYDAY}`);
  let lines = 0;
  const plain = await measure(() => {
    for (const text of texts) lines += text.match(/^\s*FROM\s+\S+/gim)?.length ?? 0;
  });
  print(`baseline: the FROM lines of ${FILES} texts by a regular expression`, plain);
  let references = 0;
  const read = await measure(() => {
    for (const text of texts) {
      const result = readDockerfile(text);
      references += result.kind === 'dockerfile' ? result.references.length : 0;
    }
  });
  print(`reading ${FILES} Dockerfiles (at most 5000 ms, 150 MB)`, read);
  console.log(`  ${lines} FROM lines, ${references} references`);
}

async function benchFinding(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'bench-dockerfiles-'));
  try {
    const files = await makeTree(root);
    const plain = await measure(() => readdir(root, { recursive: true }));
    print(`baseline: names of ${files} files by a recursive readdir`, plain);
    let found = 0;
    const search = await measure(async () => {
      found = (await findDockerfiles(root, [], systemFiles)).files.length;
    });
    print(`finding and reading ${found} Dockerfiles among them`, search);
    const all = await measure(() => findDockerfiles(root, ['**/Dockerfile'], systemFiles));
    print('finding them in node_modules too', all);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Makes the tree and gives the number of its files. */
async function makeTree(root: string): Promise<number> {
  for (let project = 0; project < TREE.projects; project++) {
    for (let folder = 0; folder < TREE.folders; folder++) {
      const place = join(root, `p${project}`, folder % 2 ? 'node_modules' : 'src', `m${folder}`);
      await mkdir(place, { recursive: true });
      const names = Array.from({ length: TREE.filesEach }, (_, index) => `f${index}.ts`);
      if (project % 10 === 0) names[0] = 'Dockerfile';
      await Promise.all(names.map((name) => writeFile(join(place, name), name === 'Dockerfile' ? 'FROM a\n' : '')));
    }
  }
  return TREE.projects * TREE.folders * TREE.filesEach;
}
