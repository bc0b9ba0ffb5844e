import { availableParallelism } from 'node:os';

/** What all projects share: TypeScript through swc, native ES modules, the package by its own name. */
const shared = {
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

/** The suites that run against embedded servers too, where nothing of them is about what only real ones do. */
const embedded = { ...shared, setupFiles: ['<rootDir>/test/support/use-embedded.mjs'] };

/** What takes its time, with real servers: `npm run test:long` runs it, and all of test/long. */
const long = [
  'hostile/canary',
  'hostile/canary-answers',
  'hostile/canary-tls',
  'nest/watch-many',
  'python/lock-interop',
  'watch/tricky',
];

/** What only real servers do: they are built anew from files, read certificates again, lag, and answer while a test stands still. */
const realOnly = [
  'client/auth-old-versions',
  'client/tls',
  'client/tls-rotation',
  'cluster/cluster-id',
  'cluster/members',
  'cluster/session',
  'cluster/standstill',
  'watch/rebuilt',
];

/** What takes its time also with embedded servers; `npm run test:long` runs it with them. */
const slow = [
  'client/*',
  'cluster/*',
  'lock/edges',
  'lock/election',
  'lock/interleavings',
  'lock/lease',
  'lock/lock-loss',
  'lock/lock-waiting',
  'lock/requests',
  'lock/take-over',
  'nest/filter',
  'nest/leader',
  'nest/lifecycle',
  'nest/observability',
  'nest/process',
  'nest/sample',
  'nest/watch-many',
  'nest/watch-restart',
  'watch/cache-outage',
  'watch/events',
  'watch/fail-over',
  'watch/history',
  'watch/many',
  'watch/names',
  'watch/process',
  'watch/tricky',
];

const paths = (names) => names.map((name) => `<rootDir>/test/${name}.spec.ts`);
/** The same as patterns, of which `*` is no part. */
const patterns = (names) => paths(names).map((path) => path.replace('*', '[^/]*'));

export const projects = {
  unit: { ...shared, displayName: 'unit', testMatch: ['<rootDir>/lib/**/*.spec.ts'] },
  /** With real servers. */
  etcd: {
    ...shared,
    displayName: 'etcd',
    testMatch: ['<rootDir>/test/**/*.spec.ts'],
    testPathIgnorePatterns: [
      '/node_modules/',
      '<rootDir>/test/faults/',
      '<rootDir>/test/long/',
      ...patterns(long),
    ],
  },
  embedded: {
    ...embedded,
    displayName: 'embedded',
    testMatch: paths(['lock/*', 'nest/*', 'watch/*']),
    testPathIgnorePatterns: patterns([...realOnly, ...slow]),
  },
  /** Servers are stopped, killed and cut off, which takes time to recover from. */
  faults: {
    ...shared,
    displayName: 'faults',
    testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  },
  long: { ...shared, displayName: 'long', testMatch: paths([...long, 'long/*']) },
  embeddedSlow: {
    ...embedded,
    displayName: 'embedded-slow',
    testMatch: paths(slow),
    testPathIgnorePatterns: patterns(realOnly),
  },
};

export default {
  projects: [projects.unit, projects.etcd, projects.embedded],
  // Most tests wait most of the time.
  maxWorkers: availableParallelism() * 2,
  testTimeout: 30_000,
};
