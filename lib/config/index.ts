export { getEtcdConfigToken, type EtcdConfigClass, type EtcdConfigName } from './etcd-config.constants.js';
export { etcdConfig, type EtcdConfigLoader } from './etcd-config.loader.js';
export { EtcdConfigModule } from './etcd-config.module.js';
export { EtcdConfigService } from './etcd-config.service.js';
export { InjectEtcdConfig } from './inject-etcd-config.decorator.js';
export type * from './etcd-config-options.interface.js';
export type { EtcdValueOptions } from './value-definition.js';
