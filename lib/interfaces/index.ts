export type { EtcdModuleExtras, EtcdModuleOptions } from './etcd-module-options.interface.js';
export type { EtcdModuleAsyncOptions, EtcdOptionsFactory } from './etcd-module-async-options.interface.js';
