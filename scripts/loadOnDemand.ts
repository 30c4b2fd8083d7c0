import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

const root = join(__dirname, '..');

/**
 * Packages that task-lib and the HTTP client load when they start, for functions that a task calls seldom or never. Loading them takes
 * a sixth of the time from the start of a task to its first request (`npm run bench -- startup`).
 */
const SELDOM_USED = ['qs', 'q', 'minimatch', 'tunnel'];

/** Lets the bundle load these packages at their first use. Only what libraries require is replaced, not what our own files import. */
export const loadOnDemand: Plugin = {
  name: 'load-on-demand',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${SELDOM_USED.join('|')})$`) }, ({ path, importer, namespace }) => {
      if (namespace === 'load-on-demand' || !importer.includes('node_modules')) return undefined;
      // A name from the project's root: a path of the building machine would stand in the bundle.
      return { path: relative(root, createRequire(importer).resolve(path)), namespace: 'load-on-demand' };
    });
    build.onLoad({ filter: /.*/, namespace: 'load-on-demand' }, ({ path }) => ({
      contents: `
        let loaded;
        const load = () => (loaded ??= require(${JSON.stringify(join(root, path))}));
        module.exports = new Proxy(function () {}, {
          get: (_, name) => load()[name],
          apply: (_, self, args) => Reflect.apply(load(), self, args),
          construct: (_, args) => Reflect.construct(load(), args),
        });`,
      resolveDir: '/',
      loader: 'js',
    }));
  },
};
