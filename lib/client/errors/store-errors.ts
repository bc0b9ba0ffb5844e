import { EtcdError } from './etcd-error.js';

/** The key, or a part of the path to it, does not exist (etcd error 100). {@link reason} names the missing part. */
export class EtcdKeyNotFoundError extends EtcdError {
  override readonly name = 'EtcdKeyNotFoundError';
  override readonly code = 'ETCD_KEY_NOT_FOUND';
}

/** `prevValue` or `prevIndex` is not what the key holds (etcd error 101). Nothing was changed. */
export class EtcdCompareFailedError extends EtcdError {
  override readonly name = 'EtcdCompareFailedError';
  override readonly code = 'ETCD_COMPARE_FAILED';
}

/** The operation needs a file, and the key is a directory (etcd error 102). */
export class EtcdNotFileError extends EtcdError {
  override readonly name = 'EtcdNotFileError';
  override readonly code = 'ETCD_NOT_FILE';
}

/** A part of the path is a file, so that nothing can lie below it (etcd error 104). */
export class EtcdNotDirectoryError extends EtcdError {
  override readonly name = 'EtcdNotDirectoryError';
  override readonly code = 'ETCD_NOT_DIRECTORY';
}

/** The key to be created exists already (etcd error 105). */
export class EtcdKeyExistsError extends EtcdError {
  override readonly name = 'EtcdKeyExistsError';
  override readonly code = 'ETCD_KEY_EXISTS';
}

/** The root directory cannot be written, removed or replaced (etcd error 107). */
export class EtcdRootReadOnlyError extends EtcdError {
  override readonly name = 'EtcdRootReadOnlyError';
  override readonly code = 'ETCD_ROOT_READ_ONLY';
}

/** The directory has children, hidden ones included, and `recursive` was not given (etcd error 108). */
export class EtcdDirectoryNotEmptyError extends EtcdError {
  override readonly name = 'EtcdDirectoryNotEmptyError';
  override readonly code = 'ETCD_DIRECTORY_NOT_EMPTY';
}

/** The index asked for has left etcd's history of 1,000 events (etcd error 401). */
export class EtcdEventIndexClearedError extends EtcdError {
  override readonly name = 'EtcdEventIndexClearedError';
  override readonly code = 'ETCD_EVENT_INDEX_CLEARED';
}

/** The server dropped its watchers because it recovered (etcd error 400, only from old versions). */
export class EtcdWatcherClearedError extends EtcdError {
  override readonly name = 'EtcdWatcherClearedError';
  override readonly code = 'ETCD_WATCHER_CLEARED';
}
