import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasFrom, readDockerfile } from '../tasks/DockerBaseStaleCheck/dockerfile/readDockerfile';
import { findDockerfiles, systemFiles } from '../tasks/DockerBaseStaleCheck/findDockerfiles';
import { inMs, type Figure } from './figure';

const CASES = join(__dirname, '../../shared/cases/dockerfiles');
/** 200,000 files, a fifth of them in node_modules, and 10,000 Dockerfiles: two in each of the other folders. */
const TREE = { projects: 250, folders: 25, filesEach: 32, everyNthInModules: 5 };
const DOCKERFILES = 10_000;
const NAMES = ['Dockerfile', 'Dockerfile.arm64'];
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

/** How long it takes to find and read 10,000 Dockerfiles in a tree of 200,000 files, beside the bare reading of that tree. */
export async function dockerfiles(): Promise<Figure[]> {
  const root = await mkdtemp(join(tmpdir(), 'bench-dockerfiles-'));
  try {
    const files = await makeTree(root);
    const bareMs = await timed(() => readBarely(root));
    let texts: string[] = [];
    const findMs = await timed(async () => {
      const found = await findDockerfiles(root, [], systemFiles);
      texts = found.files.flatMap((one) => (one.kind === 'dockerfile' ? [one.text] : []));
    });
    if (texts.length !== DOCKERFILES) throw new Error(`${texts.length} Dockerfiles were found, not ${DOCKERFILES}.`);
    let references = 0;
    const readMs = await timed(() => {
      for (const text of texts) {
        const result = readDockerfile(text);
        if (result.kind === 'dockerfile') references += result.references.length;
      }
    });
    const note = `${inMs(findMs)} to find them, ${inMs(readMs)} to read ${references} references from them`;
    return [
      {
        name: `${DOCKERFILES} Dockerfiles in a tree of ${files} files, found and read`,
        value: inMs(findMs + readMs),
        baseline: `${inMs(bareMs)} for a bare readdir and readFile`,
        limit: '5000 ms',
        note,
      },
    ];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The least that has the texts: all names, and one file after the other. */
async function readBarely(root: string): Promise<void> {
  const names = await readdir(root, { recursive: true });
  for (const name of names) {
    if (/(^|[\\/])Dockerfile(\.\w+)?$/.test(name)) await readFile(join(root, name), 'utf8');
  }
}

/** Makes the tree and gives the number of its files. */
async function makeTree(root: string): Promise<number> {
  const texts = seeds().map((seed) => `${seed}${EVERYDAY}`);
  let made = 0;
  for (let project = 0; project < TREE.projects; project++) {
    for (let folder = 0; folder < TREE.folders; folder++) {
      const inModules = folder % TREE.everyNthInModules === 0;
      const place = join(root, `p${project}`, inModules ? 'node_modules' : 'src', `m${folder}`);
      await mkdir(place, { recursive: true });
      const names = Array.from(
        { length: TREE.filesEach },
        (_, at) => (inModules ? undefined : NAMES[at]) ?? `f${at}.ts`,
      );
      const textOf = (name: string) => (NAMES.includes(name) ? (texts[made++ % texts.length] ?? '') : '');
      await Promise.all(names.map((name) => writeFile(join(place, name), textOf(name))));
    }
  }
  return TREE.projects * TREE.folders * TREE.filesEach;
}

/** Real hard cases, where they are at hand. */
function seeds(): string[] {
  if (!existsSync(CASES)) return ['ARG V=24.04\nFROM ubuntu:$V AS build\nFROM build\n'];
  return readdirSync(CASES)
    .filter((name) => name.endsWith('.Dockerfile'))
    .map((name) => readFileSync(join(CASES, name), 'utf8'))
    .filter(hasFrom);
}
