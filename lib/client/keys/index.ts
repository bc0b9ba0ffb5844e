export { EtcdKeys } from './etcd-keys.js';
export { EtcdReads } from './etcd-reads.js';
export { base64, json, type EtcdCodec, type EtcdSchema, type EtcdSchemaResult } from './codecs.js';
export type * from './key-options.js';
export type { EtcdChange } from './modify.js';
export { EtcdNode } from './node.js';
export type { EtcdAcknowledgement, EtcdAction, EtcdHeader, EtcdResult } from './result.js';
