export { EtcdExceptionFilter } from './etcd-exception.filter.js';
export type { EtcdErrorResponse } from './http-response.js';
