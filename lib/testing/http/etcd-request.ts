import type { IncomingHttpHeaders } from 'node:http';

/** A request as the handlers see it. All texts are byte strings. */
export interface EtcdRequest {
  readonly method: string;
  /** Decoded and clean. */
  readonly path: string;
  /** As it was sent. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty if nobody wants it. */
  readonly body: string;
}
