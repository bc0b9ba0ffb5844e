export { InjectEtcd } from './inject-etcd.decorator.js';
export { EtcdWatch, type EtcdWatchDecorator } from './etcd-watch.decorator.js';
