import type { Dispatcher, Pool } from 'undici';
import { BorrowedConnections } from '../http/borrowed-connections.js';
import type { Connector } from '../http/connector.js';
import { ReaderConnection } from '../http/reader-connection.js';
import type { OpenConnection } from '../http/reader.js';

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

/** Sends requests; those under way end with it. */
export type Connections = Pick<Dispatcher, 'dispatch'> & {
  close(): Promise<void>;
  destroy(cause: Error): Promise<void>;
};

/**
 * A pool of connections without any timeout of undici's: who sends a request bounds it.
 *
 * @param onDisconnect called when it has no connection any more
 */
export function openPool(
  origin: string,
  connector: Connector,
  options: PoolOptions,
  onDisconnect: () => void = () => undefined,
): Connections {
  if (connector.dispatcher !== undefined)
    return new BorrowedConnections(origin, connector.dispatcher, onDisconnect);
  const pool = newPool(origin, connector, options);
  pool.on('disconnect', () => {
    if (pool.stats.connected === 0) onDisconnect();
  });
  return pool;
}

function newPool(origin: string, connector: Connector, { connections, keepAlive }: PoolOptions): Pool {
  return new (undiciOf(connector).Pool)(origin, { ...unbounded(connector, keepAlive), connections });
}

/** The connections of watches, apart from those of requests, which never have to wait for them. */
export class WatchConnections {
  #short: Connections | undefined;
  readonly #readers = new Set<Connections>();

  constructor(
    private readonly origin: string,
    private readonly connector: Connector,
  ) {}

  /** For polls of the history, and whatever else is answered soon. */
  get short(): Connections {
    const options = { connections: pollConnections, keepAlive: watchKeepAlive };
    return (this.#short ??= openPool(this.origin, this.connector, options));
  }

  /** A connection for one who reads, and what ends it. */
  open(): OpenConnection {
    const client = this.#newReader();
    this.#readers.add(client);
    const end = (): void => {
      if (this.#readers.delete(client)) void client.destroy(new Error('The watch was closed.'));
    };
    return { client, end };
  }

  #newReader(): Connections {
    const { dispatcher } = this.connector;
    if (dispatcher !== undefined) return new BorrowedConnections(this.origin, dispatcher);
    return new ReaderConnection(this.origin, this.connector);
  }

  async destroy(cause: Error): Promise<void> {
    const short = this.#short === undefined ? [] : [this.#short];
    const open = [...short, ...this.#readers].map((dispatcher) => dispatcher.destroy(cause));
    this.#readers.clear();
    await Promise.all(open);
  }
}

/** Pools are opened when the first question who a member is has waited for undici. */
function undiciOf({ undici }: Connector): NonNullable<Connector['undici']> {
  if (undici === undefined) throw new Error('undici is not loaded yet');
  return undici;
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
