import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** One wall: what files of a folder may not import, and why. */
function wall(files, ignores, patterns, extraRules = {}) {
  return {
    files,
    ignores,
    rules: { 'no-restricted-imports': ['error', { patterns }], ...extraRules },
  };
}

const noTaskLib = {
  group: ['azure-pipelines-task-lib', 'azure-pipelines-task-lib/*'],
  message: 'task-lib is for index.ts and lib/runTask.ts: what a task does must run without an agent.',
};
const noTests = {
  group: ['**/tests/**', '**/bench/**', '**/scripts/**'],
  message: 'The product does not know its tests.',
};
const noEmulator = {
  group: ['**/emulator/**'],
  message: 'Wire shapes are written twice on purpose: the tasks do not know the emulator.',
};
const noWebApi = {
  regex: '^azure-devops-node-api(/[A-Za-z]+Api)?$',
  message: 'The typed API classes lose unknown states and turn a 404 into null; see notes/azure-devops-client.md.',
};
const pure = {
  'no-restricted-globals': [
    'error',
    ...['process', 'setTimeout', 'setInterval', 'console', 'fetch'].map((name) => ({
      name,
      message:
        'Everything outside comes in through World (clock, log, signal, http), so that a test can stand in for it.',
    })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'Time comes from world.clock, so that a test can make it jump.' },
  ],
};
const tasks = ['TriggerPipeline', 'TriggerRelease', 'DockerBaseStaleCheck'];

export default tseslint.config(
  { ignores: ['build', 'build.*', 'dist', 'coverage', 'node_modules'] },
  eslint.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.mjs', 'scripts/*.mjs', 'cli/*.mjs'] } },
    },
    rules: {
      // null is what a JSON body or a regular expression gives; an empty text from an agent means 'not given' as well.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'A union of strings says the same and survives JSON.' },
      ],
      'max-params': ['error', { max: 4 }],
      // A type parameter that only shapes the answer is how a JSON body gets its type, once, at the call.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' } },
  },
  { files: ['eslint.config.mjs'], rules: { 'no-restricted-exports': 'off' } },
  {
    files: ['tests/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  ...tasks.map((task) =>
    wall(
      [`tasks/${task}/**/*.ts`],
      ['**/index.ts'],
      [
        noTaskLib,
        noTests,
        noEmulator,
        noWebApi,
        {
          group: tasks.filter((other) => other !== task).map((other) => `**/${other}/**`),
          message: 'A task does not know another one; what two tasks need lives in tasks/lib.',
        },
      ],
      pure,
    ),
  ),
  ...tasks.map((task) =>
    wall(
      [`tasks/${task}/index.ts`],
      [],
      [
        noTests,
        noEmulator,
        noWebApi,
        {
          group: tasks.filter((other) => other !== task).map((other) => `**/${other}/**`),
          message: 'A task does not know another one; what two tasks need lives in tasks/lib.',
        },
      ],
    ),
  ),
  wall(
    ['tasks/lib/**/*.ts'],
    ['tasks/lib/runTask.ts'],
    [
      noTaskLib,
      noTests,
      noEmulator,
      noWebApi,
      { group: tasks.map((task) => `**/${task}/**`), message: 'lib is under the tasks and knows none of them.' },
    ],
  ),
  wall(
    ['emulator/**/*.ts'],
    [],
    [
      noTests,
      {
        group: ['**/tasks/**', '**/agents/**', '**/cli/**'],
        message: "Wire shapes are written twice on purpose, so that a client's mistake is not the server's too.",
      },
    ],
  ),
  wall(
    ['agents/**/*.ts'],
    [],
    [
      noTaskLib,
      noTests,
      noEmulator,
      { group: tasks.map((task) => `**/${task}/**`), message: 'The orchestrator runs without the tasks.' },
    ],
  ),
);
