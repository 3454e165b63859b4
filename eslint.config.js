import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import jest from 'eslint-plugin-jest'
import tseslint from 'typescript-eslint'

/** A room imports the model, the errors, the ports and what is in it: never another room, never an adapter. */
const rooms = ['discover', 'policy', 'build', 'scan', 'decide', 'explain', 'report']
const outside = [
  '@actions/*',
  'node:fs',
  'node:fs/*',
  'node:child_process',
  'node:net',
  'node:http',
  'node:https',
  'node:process',
  'undici',
]

const roomRules = rooms.map(room => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          { group: outside, message: 'Only adapters reach outside; ask for a port.' },
          {
            group: [
              '**/adapters/**',
              '**/main.js',
              '**/inputs.js',
              ...rooms.filter(other => other !== room).map(other => `**/${other}/**`),
            ],
            message: 'A room imports model, errors, ports and what is in it.',
          },
        ],
      },
    ],
  },
}))

export default defineConfig(
  globalIgnores(['dist/**', 'build/**', 'coverage/**']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: false }],
      // Ports are asynchronous for the sake of the real ones; some need not wait.
      '@typescript-eslint/require-await': 'off',
      // Code points are what is meant wherever a string is spread here.
      '@typescript-eslint/no-misused-spread': 'off',
      // Control characters are what much of this is about.
      'no-control-regex': 'off',
      // A call takes some ten thousand arguments, and what is spread here is mostly as long as strangers want.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.object.name='Math'] > SpreadElement, CallExpression[callee.property.name='push'] > SpreadElement, CallExpression[callee.object.name='String'] > SpreadElement",
          message: 'Reduce, or push one by one: a list that others made may be too long for the arguments of a call.',
        },
      ],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 45, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.mjs', '*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'fetch',
          'AbortSignal',
          'URL',
          'Buffer',
          'setTimeout',
          'setInterval',
          'clearInterval',
          'console',
          'structuredClone',
        ].map(name => [name, 'readonly']),
      ),
    },
  },
  ...roomRules,
  {
    files: ['src/dockerfile/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: outside, message: 'Only adapters reach outside; ask for a port.' },
            { group: ['../**'], message: 'A foundation imports nothing of ours.' },
          ],
        },
      ],
    },
  },
  {
    // Everything at the top but the two entries.
    files: ['src/*.ts'],
    ignores: ['src/index.ts', 'src/cli.ts', 'src/cache.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: outside, message: 'Only adapters reach outside; ask for a port.' },
            {
              group: ['**/adapters/**'],
              message: 'Only the entries (index.ts, cli.ts, cache.ts) and tests see adapters.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['src/adapters/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: rooms.map(room => `**/${room}/**`), message: 'Adapters know the ports, not the rooms.' }],
        },
      ],
    },
  },
  {
    files: ['__tests__/**/*.ts'],
    extends: [jest.configs['flat/recommended']],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert'] }],
      'jest/no-conditional-expect': 'off',
    },
  },
)
