export { EtcdLease, type EtcdLeaseEvents } from './lease.js';
export type { EtcdLeaseOptions } from './lease-options.js';
