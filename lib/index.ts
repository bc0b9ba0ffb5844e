// The module and its connections
export { EtcdModule } from './etcd.module.js';
export { EtcdService } from './etcd.service.js';
export { ETCD_MODULE_OPTIONS, getEtcdToken } from './etcd.constants.js';
export * from './decorators/index.js';
export * from './interfaces/index.js';

// Watches
export { fromEtcdWatch } from './watch/index.js';

// Errors as HTTP responses
export * from './filters/index.js';

// The client
export * from './client/index.js';
