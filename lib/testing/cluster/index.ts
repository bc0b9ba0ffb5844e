export { Member, MemberCluster, type ClusterOptions, type MemberOptions } from './member.js';
export { ProposalTimeout } from './raft.js';
export type { Command, EmbeddedSnapshot, Replica } from './replica.js';
