import { Inject } from '@nestjs/common';
import { getEtcdConfigToken, type EtcdConfigName } from './etcd-config.constants.js';

/**
 * Injects the {@link EtcdConfigService} of a prefix. The default one, and one that is named by a class, are also injected by
 * their class alone.
 *
 * @param name as given to `EtcdConfigModule.forRoot`; leave it out for the default one
 * @throws {EtcdOptionsError} when the class is defined, if the name is empty
 * @example
 * constructor(@InjectEtcdConfig('shop') private readonly config: EtcdConfigService<Shop>) {}
 */
export function InjectEtcdConfig(name?: EtcdConfigName): PropertyDecorator & ParameterDecorator {
  return Inject(getEtcdConfigToken(name));
}
