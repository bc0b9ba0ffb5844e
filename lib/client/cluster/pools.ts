import { Pool } from 'undici';
import type { Connector } from '../http/connector.js';

/** How long the connection of a watch is kept that has ended, in milliseconds: the next one often comes soon. */
const watchKeepAlive = 4_000;
/** Polls of the history are answered at once, so that few connections carry many of them. */
const pollConnections = 12;

/** What makes one pool differ from another. */
export interface PoolOptions {
  /** Connections at most; `null` for any number. */
  readonly connections: number | null;
  /** How long an idle connection is kept, in milliseconds. */
  readonly keepAlive: number;
}

/** A pool of connections without any timeout of undici's: who sends a request bounds it. */
export function openPool(
  origin: string,
  connector: Connector,
  { connections, keepAlive }: PoolOptions,
): Pool {
  return new Pool(origin, {
    connections,
    connect: connector.connect,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAlive,
    keepAliveMaxTimeout: keepAlive,
  });
}

/** The connections of watches, apart from those of requests, which never have to wait for them. */
export class WatchPools {
  /** A connection for each stream, for as long as it is watched. */
  readonly streams: Pool;
  /** For polls of the history, many at a time. */
  readonly polls: Pool;

  constructor(origin: string, connector: Connector) {
    this.streams = openPool(origin, connector, { connections: null, keepAlive: watchKeepAlive });
    this.polls = openPool(origin, connector, { connections: pollConnections, keepAlive: watchKeepAlive });
  }

  async destroy(error: Error): Promise<void> {
    const streams = this.streams.destroy(error);
    await this.polls.destroy(error);
    await streams;
  }
}
