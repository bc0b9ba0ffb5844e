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
} from './index.js';

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

/** Whether a failure passes when members are back, so that whoever can wait for that goes on; all others are for good. */
export function isTransient(error: unknown): boolean {
  return passing.some((kind) => error instanceof kind) && !(error instanceof EtcdResponseTooLargeError);
}
