import {
  EtcdConnectionError,
  EtcdDiscoveryError,
  EtcdElectionInProgressError,
  EtcdRaftError,
  EtcdResponseError,
  EtcdResponseTooLargeError,
  EtcdServerError,
  EtcdTimeoutError,
  EtcdWatcherClearedError,
} from '../errors/index.js';

const passing = [
  EtcdConnectionError,
  EtcdTimeoutError,
  EtcdDiscoveryError,
  EtcdElectionInProgressError,
  EtcdRaftError,
  EtcdServerError,
  EtcdResponseError,
  EtcdWatcherClearedError,
];

/** Whether a failure passes when members are back, so that a watch waits for that; all others end it. */
export function isTransient(error: unknown): boolean {
  return passing.some((kind) => error instanceof kind) && !(error instanceof EtcdResponseTooLargeError);
}
