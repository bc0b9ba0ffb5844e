import type { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdClusterIdChangedError } from '../errors/index.js';
import { isObject } from '../http/json.js';
import type { EtcdRequest } from '../http/request.js';

/** What one member says of its health. */
export interface EtcdMemberHealth {
  /** The member's address. */
  readonly endpoint: string;
  /** Whether it could read through raft, which needs a leader and a quorum. */
  readonly healthy: boolean;
  /** Why not, in a few words. */
  readonly reason?: string;
}

/** The health of the cluster: {@link healthy} when a member could read through raft. */
export interface EtcdHealth {
  readonly healthy: boolean;
  readonly members: readonly EtcdMemberHealth[];
}

const request: EtcdRequest = { method: 'GET', path: '/health', read: true };

/** Asks every known member at once. */
export async function askHealth(cluster: Cluster, call: Call): Promise<EtcdHealth> {
  await cluster.discover(call);
  const members = await Promise.all(
    cluster.addresses.map(async (endpoint) => askMember(cluster, endpoint, call)),
  );
  return { healthy: members.some(({ healthy }) => healthy), members };
}

async function askMember(cluster: Cluster, endpoint: string, call: Call): Promise<EtcdMemberHealth> {
  try {
    const outcome = await cluster.ask(endpoint, request, call);
    if (outcome.kind === 'failure') return { endpoint, healthy: false, reason: outcome.outcome };
    if (outcome.status === 200 && saysHealthy(outcome.body)) return { endpoint, healthy: true };
    return {
      endpoint,
      healthy: false,
      reason: outcome.status === 503 ? 'no quorum or no leader' : `HTTP ${outcome.status}`,
    };
  } catch (error) {
    if (error instanceof EtcdClusterIdChangedError)
      return { endpoint, healthy: false, reason: error.message };
    throw error;
  }
}

/** etcd writes the text "true"; some versions wrote a boolean. */
function saysHealthy(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) && (value['health'] === 'true' || value['health'] === true);
  } catch {
    return false;
  }
}
