export { EtcdElection, type EtcdElectionOptions } from './election.js';
export { EtcdLeadership } from './leadership.js';
export type { EtcdCandidate } from './election-entry.js';
