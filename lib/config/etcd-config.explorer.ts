import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ETCD_CONFIG, ETCD_OWN_CONFIG, type EtcdConfigHost } from './etcd-config.constants.js';
import { valuesOf } from './value-definition.js';
import { bindValue } from './value-property.js';

/** Gives the `@EtcdValue` of one configuration to instances that a factory has made, into which Nest injects nothing. */
@Injectable()
export class EtcdConfigExplorer implements OnModuleInit {
  constructor(
    @Inject(ETCD_CONFIG) private readonly host: EtcdConfigHost,
    @Inject(ETCD_OWN_CONFIG) private readonly config: object,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  onModuleInit(): void {
    for (const { providers, controllers } of this.modules.values()) {
      for (const { instance } of [...providers.values(), ...controllers.values()]) {
        if (typeof instance === 'object' && instance !== null) this.#bind(instance);
      }
    }
  }

  #bind(instance: object): void {
    for (const definition of valuesOf(Object.getPrototypeOf(instance) as object | null))
      if (definition.config === this.host.name) bindValue(instance, this.config, definition);
  }
}
