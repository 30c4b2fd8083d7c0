import fs from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';

/** What libraries load at once and a task needs seldom or late; by file of the library, as it names them. */
const SELDOM: Record<string, string[]> = {
  'typed-rest-client/Util.js': ['qs', 'zlib'],
  'typed-rest-client/HttpClient.js': ['https'],
  'azure-pipelines-task-lib/task.js': ['child_process', 'minimatch'],
  'azure-pipelines-task-lib/internal.js': ['minimatch'],
  'azure-pipelines-task-lib/toolrunner.js': ['q', 'child_process'],
};

/** Writes the query of the library's REST client, which no task uses; with what it needs it is an eighth of a bundle. */
const LEFT_OUT = /^qs$/;

/** A stand-in for a module that is loaded when something of it is used for the first time. */
const LAZILY = `function lazily(load) {
  return new Proxy(function () {}, {
    get: (_, name) => load()[name],
    apply: (_, self, given) => Reflect.apply(load(), self, given),
  });
}
`;

/**
 * Lets the libraries load the modules above on first use, and leaves out what is never used: a tenth of the time from the start of a
 * task to its first request. Throws where a library does not load one of them any more.
 */
export const lazyRequires: Plugin = {
  name: 'lazy-requires',
  setup(build) {
    build.onResolve({ filter: LEFT_OUT }, ({ path: module }) => ({ path: module, namespace: 'left-out' }));
    build.onLoad({ filter: LEFT_OUT, namespace: 'left-out' }, ({ path: module }) => ({
      contents: `throw new Error('${module} is not part of the bundle.');`,
    }));
    build.onLoad({ filter: /node_modules[\\/](typed-rest-client|azure-pipelines-task-lib)[\\/]\w+\.js$/ }, (file) => {
      const [library, name] = file.path.split(path.sep).slice(-2);
      const modules = SELDOM[`${library ?? ''}/${name ?? ''}`];
      if (!modules) return undefined;
      const text = fs.readFileSync(file.path, 'utf8');
      return { contents: LAZILY + modules.reduce(loadedLazily, text), loader: 'js' };
    });
  },
};

function loadedLazily(text: string, module: string): string {
  const statement = new RegExp(`^((?:var|const) \\w+ = )(require\\("${module}"\\));$`, 'm');
  if (!statement.test(text)) throw new Error(`There is no require("${module}") to put off.`);
  return text.replace(statement, '$1lazily(() => $2);');
}
