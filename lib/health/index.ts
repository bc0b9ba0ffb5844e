/**
 * Health indicators for `@nestjs/terminus`.
 *
 * @module nestjs-etcd/terminus
 */

export { EtcdHealthIndicator } from './etcd-health.indicator.js';
export type {
  EtcdConnectionHealthOptions,
  EtcdHealthOptions,
  EtcdMachinesHealthOptions,
  EtcdVersionHealthOptions,
} from './etcd-health.indicator.js';
