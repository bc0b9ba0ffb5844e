export * from './etcd-error.js';
export * from './store-errors.js';
export * from './request-errors.js';
export * from './cluster-errors.js';
export * from './lease-errors.js';
