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
const embedded = {
  ...shared,
  setupFiles: ['<rootDir>/test/support/use-embedded.mjs'],
  testMatch: ['client', 'cluster', 'lock', 'nest', 'watch'].map(
    (name) => `<rootDir>/test/${name}/**/*.spec.ts`,
  ),
};

/** What only real servers do: they are built anew from files, read certificates again, and lag. */
const realOnly = [
  'client/auth-old-versions',
  'client/tls',
  'client/tls-rotation',
  'cluster/cluster-id',
  'cluster/members',
  'cluster/session',
  'watch/rebuilt',
];

/** What takes its time also with embedded servers; the long suites run it with them. */
const slow = [
  'client/auth-secrecy',
  'client/config-snapshot',
  'client/contracts',
  'client/diagnostics',
  'client/members',
  'client/srv',
  'cluster/deadlines',
  'cluster/fail-over',
  'cluster/lines',
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
  'nest/observability',
  'nest/process',
  'nest/sample',
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

export const projects = {
  unit: { ...shared, displayName: 'unit', testMatch: ['<rootDir>/lib/**/*.spec.ts'] },
  /** With real servers. */
  etcd: {
    ...shared,
    displayName: 'etcd',
    testMatch: ['<rootDir>/test/**/*.spec.ts'],
    testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/faults/'],
  },
  embedded: {
    ...embedded,
    displayName: 'embedded',
    testPathIgnorePatterns: paths([...realOnly, ...slow]),
  },
  /** Servers are stopped, killed and cut off, which takes time to recover from. */
  faults: {
    ...shared,
    displayName: 'faults',
    testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  },
  embeddedSlow: { ...embedded, displayName: 'embedded-slow', testMatch: paths(slow) },
};

export default {
  projects: [projects.unit, projects.etcd, projects.embedded],
  maxWorkers: '100%',
  testTimeout: 30_000,
};
