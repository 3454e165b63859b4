/** Unit tests need nothing but Node; the others need the test bed, which their global set-up brings up. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json' }] },
}

export default {
  // What hangs must not hang for ever; how fast anything is, is for the bench to say.
  testTimeout: 300_000,
  coverageProvider: 'v8',
  coverageThreshold: { global: { branches: 95, functions: 95, lines: 95, statements: 95 } },
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/adapters/**',
    '!src/index.ts',
    '!src/cli.ts',
    '!src/model.ts',
    '!src/ports.ts',
  ],
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/__tests__/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'itg',
      testMatch: ['<rootDir>/__tests__/**/*.itg.ts'],
      globalSetup: '<rootDir>/__tests__/testbed-setup.mjs',
    },
  ],
}
