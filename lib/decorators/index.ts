export { InjectEtcd } from './inject-etcd.decorator.js';
