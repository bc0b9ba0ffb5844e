export type { Member } from './member.js';
export { MemberCluster, type Seat } from './member-cluster.js';
export { checkSnapshot } from './check-snapshot.js';
export { protect } from './protect.js';
export { ProposalTimeout } from './raft.js';
export type { Command, EmbeddedSnapshot, Replica } from './replica.js';
