import fs from 'node:fs';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** A stand-in for browsers of old, which no browser of today runs; its licence is not among the permitted ones. */
const withoutStandIn: Plugin = {
  name: 'without-stand-in',
  setup(bundle) {
    bundle.onResolve({ filter: /^intersection-observer$/ }, ({ path: name }) => ({
      path: name,
      namespace: 'built-in',
    }));
    bundle.onLoad({ filter: /.*/, namespace: 'built-in' }, () => ({ contents: '' }));
  },
};

/** Builds the tab into a folder: a page, its script and its style; the fonts of the icons are inside the style. */
export async function buildTab(root: string, folder: string, more: Plugin[] = []): Promise<Metafile> {
  const { metafile, warnings } = await build({
    entryPoints: { tab: path.join(root, 'tabs', 'view', 'main.tsx') },
    outdir: folder,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Icons by fonts are not used: the status icons are drawings.
    loader: { '.woff': 'empty', '.woff2': 'empty', '.ttf': 'empty' },
    tsconfig: path.join(root, 'tabs', 'tsconfig.json'),
    plugins: [withoutStandIn, ...more],
    metafile: true,
    logLevel: 'warning',
  });
  if (warnings.length) throw new Error('The bundle of the tab has warnings.');
  fs.copyFileSync(path.join(root, 'tabs', 'tab.html'), path.join(folder, 'tab.html'));
  return metafile;
}
