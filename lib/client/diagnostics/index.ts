export { etcdChannelNames, type EtcdChannelMessages, type EtcdChannelName } from './channels.js';
export type * from './messages.js';
export { subscribeEtcd } from './subscribe.js';
