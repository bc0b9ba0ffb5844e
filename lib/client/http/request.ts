/** One HTTP request of the v2 API, and what may be done with it when members fail. */
export interface EtcdRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query, e.g. `/v2/keys/a?recursive=true`. */
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: 'application/x-www-form-urlencoded' | 'application/json';
  /** A read changes nothing, and is asked of the next member after any failure that is not etcd's definite answer. */
  readonly read: boolean;
  /** A write that its caller wants sent again although an earlier try may have been applied. */
  readonly idempotent?: boolean | undefined;
  /**
   * `raft` for what comes out of raft, so that its index is newer than any seen before; `local` for a plain read of
   * keys, which a member answers from its own copy and which can be asked again of raft.
   */
  readonly from?: 'raft' | 'local' | undefined;
  /** Whether another member must be asked, although this one has answered well. */
  readonly elsewhere?: (answer: HttpAnswer) => boolean;
  /** Takes the body of a good answer as it comes; the answer is there with its headers. */
  readonly receiver?: StreamReceiver;
  /** Whether an answer to a receiver ends soon, so that the request may wait for one of a few connections. */
  readonly isShort?: boolean;
  /** The address of a member that is asked first, or only when the others fail. */
  readonly prefer?: string | undefined;
  readonly avoid?: string | undefined;
}

/** Takes what comes of an answer that stays open. */
export interface StreamReceiver {
  onData(chunk: Buffer): void;
  /** The answer has ended; with its `outcome`, in a few words, where it was cut short. */
  onEnd(outcome: string | undefined): void;
}

/** An answer that stays open. */
export interface OpenStream {
  /** Ends it; its receiver hears nothing any more. */
  close(): void;
}

/** A plain read of keys as a linearizable one. */
export function throughRaft(request: EtcdRequest): EtcdRequest {
  return {
    ...request,
    path: `${request.path}${request.path.includes('?') ? '&' : '?'}quorum=true`,
    from: 'raft',
  };
}

/** What a member has answered. Indexes are absent where etcd sends none, or 0. */
export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly body: string;
  readonly clusterId: string | undefined;
  readonly etcdIndex: number | undefined;
  readonly raftIndex: number | undefined;
  readonly raftTerm: number | undefined;
  readonly location: string | undefined;
  /** The body, where a {@link EtcdRequest.receiver} takes it; `body` is then empty. */
  readonly stream?: OpenStream;
}

/**
 * How far a request had come when it failed: what decides whether it may have been applied. One that was still
 * `waiting` for its turn says nothing about the member.
 */
export type FailurePhase = 'waiting' | 'unsent' | 'sent' | 'answered';

/** A request without a whole answer. */
export interface HttpFailure {
  readonly kind: 'failure';
  readonly phase: FailurePhase;
  /** The status of an answer that was cut short. */
  readonly status: number | undefined;
  /** In a few words, for {@link EtcdAttempt.outcome}. */
  readonly outcome: string;
  readonly cause: unknown;
  /** The call's own end came before the member had been silent for too long, which says nothing about the member. */
  readonly byDeadline: boolean;
}

export type HttpOutcome = HttpAnswer | HttpFailure;
