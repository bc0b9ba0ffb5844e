export { ManualClock, type EtcdClock } from './clock.js';
export { EmbeddedEtcd, type EmbeddedEtcdOptions } from './embedded-etcd.js';
export type { EmbeddedFault, EmbeddedFaultMatch, EmbeddedRequest } from './traffic.js';
