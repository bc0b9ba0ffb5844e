export { EtcdWatchOrchestrator } from './etcd-watch.orchestrator.js';
export { fromEtcdWatch } from './from-etcd-watch.js';
