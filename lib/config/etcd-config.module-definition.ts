import { ConfigurableModuleBuilder, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { getEtcdToken } from '../etcd.constants.js';
import { EtcdConfigExplorer } from './etcd-config.explorer.js';
import {
  ETCD_CONFIG,
  ETCD_CONFIG_OPTIONS,
  ETCD_OWN_CONFIG,
  getEtcdConfigToken,
  type EtcdConfigHost,
} from './etcd-config.constants.js';
import type { EtcdConfigModuleExtras, EtcdConfigModuleOptions } from './etcd-config-options.interface.js';
import { EtcdConfigService } from './etcd-config.service.js';
import { loadConfig } from './load-config.js';

/** They decide about tokens, so that they have to be known before any factory has run. */
const noExtras: EtcdConfigModuleExtras = { isGlobal: false, name: undefined, connection: undefined };

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<EtcdConfigModuleOptions>({
  optionsInjectionToken: ETCD_CONFIG_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createEtcdConfigOptions')
  .setExtras<EtcdConfigModuleExtras>(noExtras, (definition, { isGlobal, name, connection }) => {
    const host: EtcdConfigHost = { name };
    const token = name === undefined ? EtcdConfigService : getEtcdConfigToken(name);
    return {
      ...definition,
      global: isGlobal === true,
      providers: [
        ...(definition.providers ?? []),
        { provide: ETCD_CONFIG, useValue: host },
        {
          provide: token,
          inject: [ETCD_CONFIG_OPTIONS, getEtcdToken(connection), ETCD_CONFIG, ModulesContainer],
          useFactory: loadConfig,
        },
        { provide: ETCD_OWN_CONFIG, useExisting: token },
        ...aliasOf(name),
        EtcdConfigExplorer,
      ],
      exports: [token, ...(name === undefined ? [getEtcdConfigToken()] : [])],
    };
  })
  .build();

/** The default one is found by its class, and by its token too. */
function aliasOf(name: EtcdConfigHost['name']): Provider[] {
  return name === undefined ? [{ provide: getEtcdConfigToken(), useExisting: EtcdConfigService }] : [];
}
