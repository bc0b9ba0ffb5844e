export { EtcdCache, type EtcdCacheChange, type EtcdCacheEvents } from './cache.js';
export { Feeds } from './feeds.js';
export { Scope, type EtcdRelation } from './scope.js';
export { EtcdWatcher } from './watcher.js';
export {
  checkCacheOptions,
  checkWatchOptions,
  type EtcdCacheOptions,
  type EtcdWatchOptions,
} from './watch-options.js';
export { waitForChange, type EtcdWaitOptions } from './wait-for-change.js';
export type * from './events.js';
