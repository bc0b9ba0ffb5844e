import config, { projects } from './jest.config.mjs';

/** What takes long, and breaks nothing that others need meanwhile. */
export default { ...config, projects: [projects.long, projects.embeddedSlow], testTimeout: 180_000 };
