import { build } from 'esbuild';
import path from 'node:path';
import vm from 'node:vm';
import { createRequire } from 'node:module';

const root = path.join(__dirname, '..', '..');

/** A module of the project as it would be on Windows: its `node:path` is that of win32. Nothing else of the system is another. */
export async function onWindows<T>(file: string): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, file)],
    ...{ bundle: true, write: false, platform: 'node', format: 'cjs', external: ['minimatch'] },
  });
  const module = { exports: {} };
  const real = createRequire(__filename);
  const load = (name: string): unknown => (/^(node:)?path$/.test(name) ? path.win32 : real(name));
  const run = vm.compileFunction(outputFiles[0]?.text ?? '', ['module', 'exports', 'require']) as (
    ...given: unknown[]
  ) => void;
  run(module, module.exports, load);
  return module.exports as T;
}
