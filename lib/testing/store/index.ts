export { KeysError, type ErrorCode } from './error-codes.js';
export { expirationOf, formatTime, parseTime } from './expiration.js';
export { isCreation, type StoreEvent } from './store-event.js';
export type { NodeView } from './store-node.js';
export { storePath } from './store-path.js';
export { Store } from './store.js';
export type { StoreOptions } from './store-options.js';
export { toBytes, toText, type SnapshotText, type StoreSnapshot } from './store-snapshot.js';
export type { Watcher, WatchOptions } from './watcher.js';
