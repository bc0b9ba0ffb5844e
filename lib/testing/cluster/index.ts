export type { Member } from './member.js';
export { MemberCluster } from './member-cluster.js';
export { protect } from './protect.js';
export { ProposalTimeout } from './raft.js';
export type { Command, EmbeddedSnapshot, Replica } from './replica.js';
