export { EtcdNamedLock, type EtcdLockEntry } from './lock.js';
export { EtcdLockHandle } from './lock-handle.js';
export type { EtcdAcquireOptions, EtcdLockOptions, EtcdRunOptions } from './lock-options.js';
export { EtcdLockStore, type EtcdLockStoreOptions, type EtcdLockStoreResult } from './lock-store.js';
