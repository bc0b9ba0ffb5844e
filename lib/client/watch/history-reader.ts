import type { Cluster } from '../cluster/cluster.js';
import { areRequestsHeard, tellRequest } from '../diagnostics/tell-request.js';
import type { Reader } from '../http/reader.js';
import type { HttpOutcome } from '../http/request.js';
import { watchRequest } from '../keys/key-requests.js';
import type { Found } from './lines.js';
import type { MemberTrail } from './member-trail.js';
import type { Scope } from './scope.js';
import { StoreEvent } from './store-event.js';

/** Looks into the history of one member, for many changes at a time. */
export class HistoryReader {
  constructor(
    private readonly reader: Reader,
    private readonly member: string,
    private readonly cluster: Cluster,
    private readonly scope: Scope,
    private readonly members: MemberTrail,
  ) {}

  /** The first change from an index on; `undefined` where its answer is not a plain one, and has to be asked for again. */
  async poll(waitIndex: number): Promise<Found | undefined> {
    const answer = await this.#ask(waitIndex);
    if (answer.kind !== 'answer' || answer.status !== 200) return undefined;
    const { etcdIndex, raftIndex, clusterId, body } = answer;
    if (etcdIndex === undefined || clusterId !== this.cluster.session.clusterId) return undefined;
    this.members.seen(this.member, etcdIndex, raftIndex);
    try {
      const event = new StoreEvent(body, Buffer.byteLength(body));
      return event.index < waitIndex ? undefined : { event, head: etcdIndex, member: this.member };
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.reader.close();
  }

  #ask(waitIndex: number): Promise<HttpOutcome> {
    const request = watchRequest(this.scope.key, { recursive: this.scope.recursive || undefined, waitIndex });
    if (!areRequestsHeard()) return this.reader.get(request);
    const told = { client: this.cluster.client, operation: 'watch', endpoint: this.member, attempt: 1 };
    return tellRequest(told, request, () => this.reader.get(request));
  }
}
