/** For verify: each failed test adds a line with its file to the file named by FAILED_FILES; in every process, when several run at once. */
import fs from 'node:fs';

const { FAILED_FILES } = process.env;

export const mochaHooks: Mocha.RootHookObject = {
  afterEach(this: Mocha.Context) {
    const test = this.currentTest;
    if (FAILED_FILES && test?.state === 'failed') fs.appendFileSync(FAILED_FILES, `${test.file ?? ''}\n`);
  },
};
