export { EtcdRegistry, type EtcdRegistryOptions } from './registry.js';
export { EtcdRegistration } from './registration.js';
export { EtcdDiscovery, type EtcdDiscoveryEvents } from './discovery.js';
export type { EtcdInstance, EtcdInstanceOptions } from './instance.js';
