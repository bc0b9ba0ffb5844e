/** The headers that handlers look at: the first one of each name. All texts are byte strings. */
export interface RequestHeaders {
  readonly authorization?: string | undefined;
  readonly 'content-type'?: string | undefined;
}

/** A request as the handlers see it. All texts are byte strings. */
export interface EtcdRequest {
  readonly method: string;
  /** Decoded; not clean. `*` if the whole server is meant. */
  readonly path: string;
  /** As it was sent. */
  readonly query: string;
  readonly headers: RequestHeaders;
  /** Empty if nobody wants it. One byte longer than a form may be stands for any length above. */
  readonly body: string;
  /** Why the body breaks off, in Go's words: what came before that is of no use. */
  readonly bodyProblem?: string | undefined;
}
