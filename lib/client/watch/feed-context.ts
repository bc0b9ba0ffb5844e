import type { Cluster } from '../cluster/cluster.js';
import type { MemberTrail } from './member-trail.js';

/** What a feed needs to know of its surroundings. */
export interface FeedContext {
  readonly cluster: Cluster;
  /** How the members came along. */
  readonly members: MemberTrail;
  /** Milliseconds for one attempt to open a line. */
  readonly timeout: number;
  /** The feed has a new line that tells what happens now. */
  readonly onSettled: () => void;
  /** No member has answered an attempt to open a line. */
  readonly onUnanswered: () => void;
  /** The feed has ended for good. */
  readonly onFailed: (error: unknown) => void;
}
