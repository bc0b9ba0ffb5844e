import { Inject } from '@nestjs/common';
import { getEtcdToken } from '../etcd.constants.js';

/**
 * Injects the {@link EtcdService} of a connection.
 *
 * The default connection is also injected by its class alone; the decorator is for named ones, and for tools that
 * write no decorator metadata (esbuild, tsx).
 *
 * @param name as given to `EtcdModule.forRoot`; leave it out for the default connection
 * @throws {EtcdOptionsError} when the class is defined, if the name is empty
 * @example
 * constructor(@InjectEtcd('audit') private readonly audit: EtcdService) {}
 */
export function InjectEtcd(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getEtcdToken(name));
}
