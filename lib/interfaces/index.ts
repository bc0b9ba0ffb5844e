export type { EtcdModuleExtras, EtcdModuleOptions } from './etcd-module-options.interface.js';
export type { EtcdModuleAsyncOptions, EtcdOptionsFactory } from './etcd-module-async-options.interface.js';
export type * from './etcd-decoded-event.interface.js';
export type * from './etcd-diagnostics-event.interface.js';
export type * from './etcd-service-event.interface.js';
export type * from './etcd-watch-handler-options.interface.js';
export type * from './etcd-lock-options.interface.js';
export type * from './etcd-leader-options.interface.js';
