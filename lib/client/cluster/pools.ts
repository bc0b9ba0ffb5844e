import { Client, Pool } from 'undici';
import type { Connector } from '../http/connector.js';

/** How long the connection of a poll is kept, in milliseconds: the next one often comes soon. */
const watchKeepAlive = 4_000;
/** Polls of the history are answered at once, so that few connections carry many of them. */
const pollConnections = 16;

/** What makes one pool differ from another. */
export interface PoolOptions {
  /** Connections at most. */
  readonly connections: number;
  /** How long an idle connection is kept, in milliseconds. */
  readonly keepAlive: number;
}

/** A pool of connections without any timeout of undici's: who sends a request bounds it. */
export function openPool(
  origin: string,
  connector: Connector,
  { connections, keepAlive }: PoolOptions,
): Pool {
  return new Pool(origin, { ...unbounded(connector, keepAlive), connections });
}

/** The connections of watches, apart from those of requests, which never have to wait for them. */
export class WatchConnections {
  /** For polls of the history, and whatever else is answered soon. */
  readonly short: Pool;
  readonly #streams = new Set<Client>();

  constructor(
    private readonly origin: string,
    private readonly connector: Connector,
  ) {
    this.short = openPool(origin, connector, { connections: pollConnections, keepAlive: watchKeepAlive });
  }

  /** A connection for one stream, and what ends it. A pool would connect anew for each stream that is given up. */
  openStream(): { readonly client: Client; readonly end: () => void } {
    const client = new Client(this.origin, unbounded(this.connector, watchKeepAlive));
    this.#streams.add(client);
    const end = (): void => {
      if (this.#streams.delete(client)) void client.destroy();
    };
    return { client, end };
  }

  async destroy(cause: Error): Promise<void> {
    const open = [this.short, ...this.#streams].map((dispatcher) => dispatcher.destroy(cause));
    this.#streams.clear();
    await Promise.all(open);
  }
}

function unbounded(connector: Connector, keepAlive: number) {
  return {
    connect: connector.connect,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAlive,
    keepAliveMaxTimeout: keepAlive,
  };
}
