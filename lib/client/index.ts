/**
 * The client, without anything of Nest.
 *
 * @module nestjs-etcd/client
 */

// The client
export { EtcdClient, type EtcdVersion } from './etcd-client.js';
export type {
  EtcdAuthOptions,
  EtcdCallOptions,
  EtcdClientOptions,
  EtcdLogger,
  EtcdMemberOrder,
  EtcdSrvOptions,
  EtcdSyncOptions,
  EtcdTlsOptions,
  EtcdWatchKeepingOptions,
} from './options/index.js';

// Keys
export * from './keys/index.js';
export type { EtcdKey } from './http/key-path.js';

export { EtcdNamespace } from './etcd-namespace.js';

// Watches
export { EtcdCache, EtcdWatcher } from './watch/index.js';
export type {
  EtcdCacheChange,
  EtcdCacheEvents,
  EtcdCacheOptions,
  EtcdChangeEvent,
  EtcdEvent,
  EtcdRelation,
  EtcdResyncEvent,
  EtcdResyncReason,
  EtcdWaitOptions,
  EtcdWatchAction,
  EtcdWatcherEvents,
  EtcdWatchOptions,
} from './watch/index.js';

// Configurations
export * from './config/index.js';

// Leases, locks, elections, registries
export * from './lease/index.js';
export * from './lock/index.js';
export * from './election/index.js';
export * from './registry/index.js';

// What a client tells on diagnostics channels
export * from './diagnostics/index.js';

// The cluster
export { EtcdMembers, type EtcdMember } from './members/members.js';
export {
  EtcdStats,
  type EtcdFollowerStats,
  type EtcdLeaderStats,
  type EtcdSelfStats,
  type EtcdStoreStats,
} from './stats/stats.js';
export * from './health/index.js';
export * from './auth/index.js';

// Errors
export * from './errors/index.js';
