import type { ConfigurableModuleAsyncOptions } from '@nestjs/common';
import type { EtcdModuleExtras, EtcdModuleOptions } from './etcd-module-options.interface.js';

/** A class that makes the options, for `useClass` and `useExisting`. */
export interface EtcdOptionsFactory {
  createEtcdOptions(): EtcdModuleOptions | Promise<EtcdModuleOptions>;
}

/**
 * Options of `EtcdModule.forRootAsync`: one of `useFactory` (with `inject`), `useClass` and `useExisting`, the
 * `imports` that it needs, and beside it `isGlobal` and `name`.
 */
export type EtcdModuleAsyncOptions = ConfigurableModuleAsyncOptions<EtcdModuleOptions, 'createEtcdOptions'> &
  EtcdModuleExtras;
