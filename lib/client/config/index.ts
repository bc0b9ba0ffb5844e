export { EtcdConfig, type EtcdConfigSelected } from './config.js';
export type * from './config-events.js';
export type { EtcdConfigObject, EtcdConfigOptions } from './config-options.js';
export type { EtcdConfigValueOptions } from './config-value.js';
export type { EtcdConfigParse } from './parse.js';
