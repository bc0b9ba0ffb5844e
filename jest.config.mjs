/** What both configurations share: TypeScript through swc, native ES modules, the package by its own name. */
export const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  moduleNameMapper: {
    '^nestjs-etcd$': '<rootDir>/lib/index.ts',
    '^nestjs-etcd/client$': '<rootDir>/lib/client/index.ts',
    '^nestjs-etcd/terminus$': '<rootDir>/lib/health/index.ts',
    '^nestjs-etcd/testing$': '<rootDir>/lib/testing/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/package/', '<rootDir>/sample/.*/dist/'],
  // scripts/test.mjs gives each run a temporary directory of its own; the cache has to outlive it.
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
};

export default {
  ...base,
  testMatch: ['<rootDir>/lib/**/*.spec.ts', '<rootDir>/test/**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/'],
  testTimeout: 30_000,
  maxWorkers: '100%',
};
