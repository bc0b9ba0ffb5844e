export * from './client-options.js';
export { resolveOptions, type ResolvedOptions } from './resolve-options.js';
