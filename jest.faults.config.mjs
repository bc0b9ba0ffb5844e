import { projects } from './jest.config.mjs';

/** The fault suites run one after the other. */
export default { projects: [projects.faults], maxWorkers: 1, testTimeout: 180_000 };
