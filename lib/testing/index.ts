/**
 * An etcd v2 server in the process, for tests.
 *
 * @module nestjs-etcd/testing
 */

export { ManualClock, type EtcdClock } from './clock.js';
export type { EmbeddedSnapshot } from './cluster/index.js';
export type { EmbeddedCluster } from './embedded-cluster.js';
export { EmbeddedEtcd } from './embedded-etcd.js';
export type {
  EmbeddedAuth,
  EmbeddedClusterOptions,
  EmbeddedEtcdOptions,
  EmbeddedTls,
} from './embedded-options.js';
export type { EmbeddedFault, EmbeddedFaultMatch, EmbeddedRequest } from './traffic.js';
export { EtcdTestingModule, type EtcdTestingOptions, getEmbeddedEtcdToken } from './etcd-testing.module.js';
export { clientContract, type ContractClient } from './contracts/client-contract.js';
export type { ContractCase } from './contracts/contract.js';
export {
  lockStoreContract,
  type ContractLockStore,
  type LockStoreContractOptions,
} from './contracts/lock-store-contract.js';
