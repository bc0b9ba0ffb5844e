import { ConfigurableModuleBuilder, type Provider } from '@nestjs/common';
import { Subject } from 'rxjs';
import {
  ETCD_CONNECTION,
  ETCD_EVENTS,
  ETCD_MODULE_OPTIONS,
  ETCD_OWN_SERVICE,
  getEtcdToken,
  type EtcdConnection,
} from './etcd.constants.js';
import { EtcdService } from './etcd.service.js';
import type { EtcdModuleExtras, EtcdModuleOptions } from './interfaces/index.js';
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
        ...serviceProviders(name),
        { provide: ETCD_OWN_SERVICE, useExisting: getEtcdToken(name) },
        { provide: ETCD_EVENTS, useFactory: () => new Subject() },
        EtcdWatchOrchestrator,
      ],
      exports: name === undefined ? [EtcdService, getEtcdToken()] : [getEtcdToken(name)],
    };
  })
  .build();

function serviceProviders(name: string | undefined): Provider[] {
  if (name !== undefined) return [{ provide: getEtcdToken(name), useClass: EtcdService }];
  return [EtcdService, { provide: getEtcdToken(), useExisting: EtcdService }];
}
