#!/usr/bin/env node
// The command of the package. What it does is in main.ts, which the build puts beside the tasks that it runs.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = fileURLToPath(new URL('../build/cli/main.js', import.meta.url));
if (fs.existsSync(main)) createRequire(import.meta.url)(main);
else {
  console.error(`The tasks are not built yet. In ${root} run: npm ci && npm run build`);
  process.exitCode = 1;
}
