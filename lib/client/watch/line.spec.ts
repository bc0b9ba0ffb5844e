import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { END, HttpStub, RESET, type StubRequest } from '../../../test/support/http-stub.js';
import { waitFor } from '../../../test/support/wait-for.js';
import { Call } from '../cluster/call.js';
import { Cluster } from '../cluster/cluster.js';
import { EtcdResponseError } from '../errors/index.js';
import { resolveOptions } from '../options/index.js';
import { Line, type LineOptions } from './line.js';
import { Scope } from './scope.js';

/** The bytes of one event, as etcd ends it. */
const eventOf = (index: number, value = 'v') =>
  Buffer.from(`${JSON.stringify({ action: 'set', node: { key: '/a', value, modifiedIndex: index } })}\n`);

/** Each part as one chunk of HTTP's, however TCP cuts it: the parser gives it in one piece. */
function chunked(...parts: Buffer[]): Buffer {
  const chunks = parts.map((part) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
  );
  return Buffer.concat(chunks);
}

const head = (index: number) =>
  Buffer.from(
    `HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: cafe\r\nX-Etcd-Index: ${index}\r\nX-Raft-Index: 77\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
const lastChunk = Buffer.from('0\r\n\r\n');

const hello = 'HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: cafe\r\nContent-Length: 14\r\n\r\n{"members":[]}';

/** What a line has told: the value of each event, and how it ended. */
class Told {
  readonly values: string[] = [];
  readonly ends: unknown[] = [];
  #onEnd: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => (this.#onEnd = resolve));

  constructor(line: Line) {
    line.listen({
      onEvent: (event) => this.values.push(event.nodes('').node.value ?? ''),
      onEnd: (problem) => {
        this.ends.push(problem);
        this.#onEnd();
      },
    });
  }

  /** Everything, when the line has ended. */
  async all(): Promise<this> {
    await this.#ended;
    return this;
  }
}

describe('Line', () => {
  let stub: HttpStub;
  let cluster: Cluster;
  /** What follows the headers: right behind them, or when somebody listens. */
  let body: (Buffer | typeof END | typeof RESET)[];
  let heard: Promise<void> | undefined;
  beforeEach(async () => {
    heard = undefined;
    stub = await HttpStub.start(async function* answer({ path }: StubRequest) {
      if (path === '/v2/members') {
        yield hello;
        return;
      }
      const bytes = body.filter((part) => Buffer.isBuffer(part));
      if (heard === undefined) yield Buffer.concat([head(5), ...bytes]);
      else {
        yield head(5);
        await heard;
        yield Buffer.concat(bytes);
      }
      for (const part of body) if (!Buffer.isBuffer(part)) yield part;
    });
    cluster = new Cluster(resolveOptions({ hosts: stub.url, maxResponseBytes: 10_000, sync: false }), {
      id: 'c',
      name: undefined,
    });
  });
  afterEach(async () => {
    await cluster.close();
    await stub.stop();
  });

  const open = (options: Partial<LineOptions> = {}) =>
    Line.open(cluster, new Scope('/a', true), { stream: true, ...options }, new Call(5_000, undefined));

  /** What is told of a body, up to its end. */
  async function tellOf(...parts: typeof body): Promise<Told> {
    body = parts;
    return new Told(await open()).all();
  }

  /** What is told of some chunks. */
  const tell = (...parts: Buffer[]) => tellOf(chunked(...parts), lastChunk);

  it('asks for what it is to hear, and knows where and when it was opened', async () => {
    body = [];
    const line = await open({ waitIndex: 7 });
    expect(stub.requests.at(-1)?.path).toBe('/v2/keys/a?wait=true&recursive=true&stream=true&waitIndex=7');
    expect(line).toMatchObject({ endpoint: stub.url, index: 5, raftIndex: 77, told: 0, hitHistory: false });
    line.close();
  });

  const values = ['é😀', '', 'line\nline', '￿"\\'];
  const events = Buffer.concat(values.map((value, i) => eventOf(6 + i, value)));

  it('puts together events that are cut at any byte, also within a character', async () => {
    for (let cut = 1; cut < events.length; cut++) {
      const told = await tell(events.subarray(0, cut), events.subarray(cut));
      expect({ cut, ...told }).toEqual({ cut, values, ends: [undefined] });
    }
  });

  it('puts together events that come byte by byte, and takes several that come at once', async () => {
    const bytes = Array.from(events, (byte) => Buffer.from([byte]));
    expect(await tell(...bytes)).toEqual({ values, ends: [undefined] });
    expect(await tell(events)).toEqual({ values, ends: [undefined] });
    expect(await tell(Buffer.concat([events, events]))).toMatchObject({ values: [...values, ...values] });
  });

  it('passes over empty lines', async () => {
    const told = await tell(Buffer.from('\n\n'), eventOf(6, 'x'), Buffer.from('\n'), eventOf(7, 'y'));
    expect(told).toEqual({ values: ['x', 'y'], ends: [undefined] });
  });

  it('does not tell an event whose end is missing', async () => {
    const told = await tell(eventOf(6, 'whole'), eventOf(7, 'half').subarray(0, -1));
    expect(told).toEqual({ values: ['whole'], ends: [undefined] });
  });

  describe.each(['right behind the headers', 'when somebody listens'])('with what comes %s', (when) => {
    let listens: () => void = () => undefined;
    beforeEach(() => {
      if (when === 'when somebody listens') heard = new Promise((resolve) => (listens = resolve));
    });

    /** What is told of a body, up to its end. */
    async function tellAtOnce(...parts: typeof body): Promise<Told> {
      body = parts;
      const told = new Told(await open());
      listens();
      return told.all();
    }

    it.each([
      ['no JSON', '<html>'],
      ['no object', '[]'],
      ['no node', '{"action":"set"}'],
      ['no index', '{"action":"set","node":{"key":"/a"}}'],
      ['the index 0', '{"action":"set","node":{"key":"/a","modifiedIndex":0}}'],
      ['an index that is no whole number', '{"action":"set","node":{"key":"/a","modifiedIndex":1.5}}'],
      ['no action', '{"node":{"key":"/a","modifiedIndex":6}}'],
    ])('ends with an error at %s, and tells nothing after it', async (_, garbage) => {
      const parts = [eventOf(6, 'before'), Buffer.from(`${garbage}\n`), eventOf(7, 'after')];
      const told = await tellAtOnce(chunked(...parts), lastChunk);
      expect(told).toMatchObject({ values: ['before'], ends: [expect.any(EtcdResponseError)] });
    });

    it('ends with an error at an event without an end, as soon as it is longer than an answer may be', async () => {
      const endless = Buffer.alloc(4_000, 'x');
      const told = await tellAtOnce(chunked(eventOf(6, 'before'), endless, endless, endless));
      expect(told.values).toEqual(['before']);
      expect(told.ends).toEqual([
        expect.objectContaining({ message: 'An event is longer than `maxResponseBytes` (10000).' }),
      ]);
    });

    it('takes an event that is as long as an answer may be, in whatever pieces', async () => {
      const long = eventOf(6, 'x'.repeat(9_900));
      const told = await tellAtOnce(chunked(long.subarray(0, 5_000), long.subarray(5_000)), lastChunk);
      expect(told).toEqual({ values: ['x'.repeat(9_900)], ends: [undefined] });
    });

    it('tells with its end that it was cut off', async () => {
      const cut = [expect.stringMatching(/\w/)];
      expect(await tellAtOnce(chunked(eventOf(6, 'x')), END)).toEqual({ values: ['x'], ends: cut });
    });
  });

  it('tells with its end that the connection was reset', async () => {
    heard = Promise.resolve();
    expect((await tellOf(RESET)).ends).toEqual([expect.stringMatching(/\w/)]);
  });

  it('keeps what comes before somebody listens, the end as well', async () => {
    body = [chunked(events), lastChunk];
    const line = await open();
    // When a later one has told everything, all of this one is there too.
    await tell(events);
    expect(line.told).toBe(0);
    expect(new Told(line)).toEqual({ values, ends: [undefined] });
    expect(line.told).toBe(values.length);
  });

  it('lets go of its connection after garbage, though the server would go on', async () => {
    const told = await tellOf(chunked(Buffer.from('garbage\n')));
    await waitFor(() => stub.openConnections <= 1, { what: 'the end of its connection' });
    expect(told.ends).toEqual([expect.any(EtcdResponseError)]);
  });

  it('knows an event out of the history by its index', async () => {
    body = [chunked(eventOf(6))];
    const live = await open();
    const news = new Told(live);
    await waitFor(() => news.values.length > 0);
    expect(live.hitHistory).toBe(false);
    body = [chunked(eventOf(5))];
    const old = await open();
    const told = new Told(old);
    await waitFor(() => told.values.length > 0);
    expect(old.hitHistory).toBe(true);
    for (const line of [live, old]) line.close();
  });

  it('tells nothing after it was closed, also of what it had kept, and ends its connection', async () => {
    body = [chunked(events)];
    const line = await open();
    await tell(events);
    const told: unknown[] = [];
    line.listen({
      onEvent: (event) => {
        told.push(event.index);
        line.close();
      },
      onEnd: () => told.push('end'),
    });
    expect(told).toEqual([6]);
    await waitFor(() => stub.openConnections <= 2, { what: 'the end of its connection' });
    line.close();
    expect(told).toEqual([6]);
  });
});
