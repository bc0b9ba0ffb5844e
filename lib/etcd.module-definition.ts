import { ConfigurableModuleBuilder, type Provider, type Type } from '@nestjs/common';
import { Subject } from 'rxjs';
import {
  ETCD_CONNECTION,
  ETCD_EVENTS,
  ETCD_MODULE_OPTIONS,
  ETCD_OWN_SERVICE,
  getEtcdLeadersToken,
  getEtcdToken,
  type EtcdConnection,
} from './etcd.constants.js';
import { EtcdService } from './etcd.service.js';
import type { EtcdModuleExtras, EtcdModuleOptions } from './interfaces/index.js';
import { EtcdLeaders } from './leader/etcd-leaders.service.js';
import { EtcdWatchOrchestrator } from './watch/index.js';

/** `name` and `isGlobal` decide about tokens, so that they have to be known before any factory has run. */
const noExtras: EtcdModuleExtras = { isGlobal: false, name: undefined };

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<EtcdModuleOptions>({
  optionsInjectionToken: ETCD_MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createEtcdOptions')
  .setExtras<EtcdModuleExtras>(noExtras, (definition, { isGlobal, name }) => {
    const connection: EtcdConnection = { name };
    return {
      ...definition,
      global: isGlobal === true,
      providers: [
        ...(definition.providers ?? []),
        { provide: ETCD_CONNECTION, useValue: connection },
        ...providersOf(EtcdService, name, getEtcdToken(name)),
        { provide: ETCD_OWN_SERVICE, useExisting: getEtcdToken(name) },
        { provide: ETCD_EVENTS, useFactory: () => new Subject() },
        EtcdWatchOrchestrator,
        ...providersOf(EtcdLeaders, name, getEtcdLeadersToken(name)),
      ],
      exports: [
        getEtcdToken(name),
        getEtcdLeadersToken(name),
        ...(name === undefined ? [EtcdService, EtcdLeaders] : []),
      ],
    };
  })
  .build();

/** The default connection's providers are found by their class, and by their token too. */
function providersOf(provider: Type, name: string | undefined, token: string): Provider[] {
  if (name !== undefined) return [{ provide: token, useClass: provider }];
  return [provider, { provide: token, useExisting: provider }];
}
