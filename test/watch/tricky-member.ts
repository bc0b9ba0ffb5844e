import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How many events etcd keeps, and how many it keeps for one stream. */
const historySize = 1_000;
const streamSize = 100;

/** A source of chance that gives the same numbers for the same seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Change {
  readonly index: number;
  readonly key: string;
}

interface Stream {
  readonly response: ServerResponse;
  readonly stream: boolean;
  readonly waitIndex: number;
  /** Undelivered events, while the goroutine that sends them gets no time. */
  readonly waiting: Change[];
  isStalled: boolean;
  isDropped: boolean;
}

/**
 * A member that has the store of etcd v2 in so far as a watch of `/d` can see it, and every trap of its watches: streams
 * that say nothing more after an event out of the history, streams that are dropped without a word when more than 100
 * events wait, and a history of 1,000. Beyond that it is slow by chance: before the headers, between them and what has
 * been found, and with streams; and it cuts connections.
 */
export class TrickyMember implements AsyncDisposable {
  index = 5;
  private readonly history: Change[] = [];
  private readonly state = new Map<string, number>();
  private readonly streams = new Set<Stream>();
  private readonly server: Server;

  private constructor(private readonly random: () => number) {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.keepAliveTimeout = 0;
  }

  static async start(random: () => number): Promise<TrickyMember> {
    const member = new TrickyMember(random);
    await new Promise<void>((resolve) => member.server.listen(0, '127.0.0.1', resolve));
    return member;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Makes a change: of a key below `/d`, or of one that nobody watches. */
  write(key: string): number {
    const change = { index: ++this.index, key };
    this.history.push(change);
    if (this.history.length > historySize) this.history.shift();
    if (key.startsWith('/d/')) {
      this.state.set(key, change.index);
      for (const stream of this.streams) this.notify(stream, change);
    }
    return change.index;
  }

  /** Gives streams no time to send, or lets them send what waits. */
  stall(): void {
    for (const stream of this.streams) if (this.random() < 0.6) stream.isStalled = true;
  }

  resume(): void {
    for (const stream of this.streams) {
      stream.isStalled = false;
      for (const change of stream.waiting.splice(0)) this.send(stream, change);
    }
  }

  /** Ends connections as a member does that dies. */
  cut(): void {
    for (const { response } of this.streams) if (this.random() < 0.5) response.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', this.url);
    if (pathname === '/v2/members') return this.json(response, 200, { members: [] });
    if (this.random() < 0.3) await sleep(this.random() * 60);
    if (query.get('wait') !== 'true') return this.list(response);
    const wanted = Number(query.get('waitIndex') ?? 0);
    const waitIndex = wanted === 0 ? this.index + 1 : wanted;
    const oldest = this.history[0]?.index ?? 1;
    if (waitIndex < oldest)
      return this.json(response, 400, { errorCode: 401, message: 'cleared', index: this.index });
    const found = this.history.find(({ index, key }) => index >= waitIndex && key.startsWith('/d/'));
    const isStream = query.get('stream') === 'true';
    response.writeHead(200, this.headers()).flushHeaders();
    if (found === undefined) return this.register(response, isStream, waitIndex);
    if (this.random() < 0.3) await sleep(this.random() * 40);
    response.write(eventText(found));
    // A stream stays open, and nothing comes any more.
    if (!isStream) response.end();
  }

  private register(response: ServerResponse, stream: boolean, waitIndex: number): void {
    const registered: Stream = {
      response,
      stream,
      waitIndex,
      waiting: [],
      isStalled: false,
      isDropped: false,
    };
    this.streams.add(registered);
    response.on('close', () => this.streams.delete(registered));
  }

  private notify(stream: Stream, change: Change): void {
    if (stream.isDropped || change.index < stream.waitIndex) return;
    if (!stream.isStalled) return this.send(stream, change);
    if (stream.waiting.length < streamSize) stream.waiting.push(change);
    else stream.isDropped = true;
  }

  private send(stream: Stream, change: Change): void {
    if (stream.response.destroyed || stream.response.writableEnded) return;
    stream.response.write(eventText(change));
    if (stream.stream) return;
    this.streams.delete(stream);
    stream.response.end();
  }

  private list(response: ServerResponse): void {
    const nodes = [...this.state].map(([key, index]) => nodeOf({ key, index }));
    this.json(response, 200, {
      action: 'get',
      node: { key: '/d', dir: true, nodes, modifiedIndex: 5, createdIndex: 5 },
    });
  }

  private json(response: ServerResponse, status: number, body: object): void {
    response.writeHead(status, this.headers()).end(JSON.stringify(body));
  }

  private headers(): Record<string, string | number> {
    return {
      'Content-Type': 'application/json',
      'X-Etcd-Cluster-Id': 'cafe',
      'X-Etcd-Index': this.index,
      'X-Raft-Index': this.index,
      'X-Raft-Term': 2,
    };
  }
}

function nodeOf({ key, index }: Change) {
  return { key, value: String(index), modifiedIndex: index, createdIndex: index };
}

function eventText(change: Change): string {
  return `${JSON.stringify({ action: 'set', node: nodeOf(change) })}\n`;
}
