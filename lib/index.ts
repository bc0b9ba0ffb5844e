/**
 * The Nest module, and everything of the client.
 *
 * @module nestjs-etcd
 */

// The module and its connections
export { EtcdModule } from './etcd.module.js';
export { EtcdService } from './etcd.service.js';
export { ETCD_MODULE_OPTIONS, getEtcdLeadersToken, getEtcdToken } from './etcd.constants.js';
export * from './decorators/index.js';
export * from './interfaces/index.js';

// Watches
export { fromEtcdWatch } from './watch/index.js';

// Configurations
export * from './config/index.js';

// Locks of requests and methods
export * from './guards/index.js';
export * from './interceptors/index.js';
export { getCurrentLock } from './lock/current-lock.js';
export type { LockDefinition } from './lock/lock-definition.js';

// Elections
export { EtcdLeaders } from './leader/etcd-leaders.service.js';

// Errors as HTTP responses
export * from './filters/index.js';

// The client
export * from './client/index.js';
