export { InjectEtcd } from './inject-etcd.decorator.js';
export { EtcdWatch, type EtcdWatchDecorator } from './etcd-watch.decorator.js';
export { CurrentLock } from './current-lock.decorator.js';
export { EtcdLock } from './etcd-lock.decorator.js';
export { WithLock, type WithLockDecorator } from './with-lock.decorator.js';
export { EtcdLeader, type EtcdLeaderDecorator } from './etcd-leader.decorator.js';
export { LeaderOnly, type LeaderOnlyDecorator } from './leader-only.decorator.js';
export { EtcdValue } from './etcd-value.decorator.js';
