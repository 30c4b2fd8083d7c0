/**
 * Lays the extension out in build/extension exactly as it is packaged: one bundle a task, task.json, icons, notices. A folder as argument gets
 * the build folder instead of the project.
 */
import fs from 'node:fs';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';
import { buildTab } from './buildTab';
import { bundledPackages } from './bundledPackages';
import { lazyRequires } from './lazyRequires';
import { sbom, type PackageLock } from './sbom';
import { thirdPartyNotices } from './thirdPartyNotices';

const root = path.join(__dirname, '..');
const buildFolder = path.join(process.argv[2] ?? root, 'build');
/** Whoever uses the build meanwhile sees the last one until this one is whole. */
const unfinished = `${buildFolder}.${process.pid}`;
const out = path.join(unfinished, 'extension');
const TASKS = ['TriggerPipeline', 'TriggerRelease', 'DockerBaseStaleCheck'];

/** Those of the Marketplace page; scripts/screenshots.ts makes them. */
const PICTURES = ['cascade-light.png', 'cascade-dark.png', 'summary.png', 'verdicts.png'];

/** The post-job part is the task's own bundle; this only tells it so. */
const POST_JOB = "process.env.PIPELINE_CASCADE_POST_JOB = 'true';\nrequire('./index.js');\n";

/** Libraries that many steps do without: each a file of its own, read when it is needed, because parsing costs time at every start. */
const ON_DEMAND = ['yaml', 'yauzl'];
/** What only this task needs of them. */
const OF_ONE_TASK: Readonly<Record<string, readonly string[]>> = { DockerBaseStaleCheck: ['xz-decompress'] };

const filesOnDemand: Plugin = {
  name: 'files-on-demand',
  setup(build) {
    // The part of a task that is itself read on demand may name them at its top.
    build.onResolve({ filter: new RegExp(`^(${[...ON_DEMAND, ...Object.values(OF_ONE_TASK).flat()].join('|')})$`) }, ({ path: name, kind, importer }) =>
      kind === 'dynamic-import' || /[\\/]DockerBaseStaleCheck[\\/]packages[\\/]/.test(importer)
        ? { path: `./${name}.js`, external: true }
        : undefined,
    );
  },
};

async function bundle(entry: string, outfile: string): Promise<Metafile> {
  const { metafile, warnings } = await build({
    entryPoints: [path.resolve(root, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // Line ends and names stay, so that a stack trace can be read; only what parses slower goes.
    minifySyntax: true,
    plugins: [lazyRequires, filesOnDemand],
    // An import() of a file beside the bundle is a plain require: Node's loader of modules would cost more than the file.
    supported: { 'dynamic-import': false },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  if (warnings.length) throw new Error(`The bundle of ${entry} has warnings.`);
  return metafile;
}

async function main(): Promise<void> {
  const metafiles: Metafile[] = [];
  for (const task of TASKS) {
    const folder = path.join(out, task);
    metafiles.push(await bundle(`tasks/${task}/index.ts`, path.join(folder, 'index.js')));
    for (const library of [...ON_DEMAND, ...(OF_ONE_TASK[task] ?? [])]) {
      metafiles.push(await bundle(require.resolve(library), path.join(folder, `${library}.js`)));
    }
    fs.copyFileSync(path.join(root, 'tasks', task, 'task.json'), path.join(folder, 'task.json'));
    fs.writeFileSync(path.join(folder, 'postJob.js'), POST_JOB);
    fs.copyFileSync(path.join(root, 'images', 'icon-32.png'), path.join(folder, 'icon.png'));
  }
  metafiles.push(await bundle('cli/main.ts', path.join(unfinished, 'cli', 'main.js')));
  metafiles.push(await buildTab(root, path.join(out, 'tab')));
  fs.mkdirSync(path.join(out, 'images'), { recursive: true });
  fs.copyFileSync(path.join(root, 'images', 'icon-128.png'), path.join(out, 'images', 'icon.png'));
  for (const picture of PICTURES)
    fs.copyFileSync(path.join(root, 'images', picture), path.join(out, 'images', picture));
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(out, 'LICENSE.md'));
  for (const file of ['overview.md', 'privacy.md', 'vss-extension.json'])
    fs.copyFileSync(path.join(root, file), path.join(out, file));
  const packages = bundledPackages(root, metafiles);
  fs.writeFileSync(path.join(out, 'ThirdPartyNotices.txt'), thirdPartyNotices(root, packages));
  const ours = readJson<{ name: string; version: string; license: string }>('package.json');
  fs.writeFileSync(path.join(out, 'sbom.cdx.json'), sbom(ours, packages, readJson<PackageLock>('package-lock.json')));
  replaceBuild();
  console.log(`Built ${TASKS.join(', ')} in build/extension.`);
}

function replaceBuild(): void {
  const old = `${unfinished}.old`;
  if (fs.existsSync(buildFolder)) fs.renameSync(buildFolder, old);
  fs.renameSync(unfinished, buildFolder);
  fs.rmSync(old, { recursive: true, force: true });
}

function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')) as T;
}

void main().catch((error: unknown) => {
  fs.rmSync(unfinished, { recursive: true, force: true });
  console.error(error);
  process.exitCode = 1;
});
