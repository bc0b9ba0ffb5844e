export { EtcdChecks } from './checks.js';
export type {
  EtcdLeaderCheck,
  EtcdMachinesCheck,
  EtcdMachinesCheckOptions,
  EtcdVersionCheck,
  EtcdVersionCheckOptions,
} from './checks.js';
export type { EtcdHealth, EtcdMemberHealth } from './health.js';
