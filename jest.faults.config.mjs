import { base } from './jest.config.mjs';

/** The fault suites stop, kill and cut off real servers: one after the other, with time to recover. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
  testTimeout: 180_000,
  maxWorkers: 1,
};
