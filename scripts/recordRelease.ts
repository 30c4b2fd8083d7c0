/** Writes down what this version promises, when it is released: from then on tests/upgrade holds every later one to it. */
import fs from 'node:fs';
import path from 'node:path';
import { surfaceOf } from './surface';

const root = path.join(__dirname, '..');
const file = path.join(root, 'tests', 'upgrade', 'released.json');
fs.writeFileSync(file, `${JSON.stringify(surfaceOf(root), null, 2)}\n`);
console.log(`Recorded in ${path.relative(root, file)}.`);
