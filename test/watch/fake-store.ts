import { EtcdClient, type EtcdClientOptions, type EtcdWatchOptions } from 'nestjs-etcd/client';

import { FakeMember } from '../cluster/fake-member.js';
import { END, jsonResponse, type StubHandler, type StubRequest } from '../support/http-stub.js';
import { Recorder } from './recorder.js';

type Step = string | typeof END;

/** Text as one chunk of HTTP's. */
export const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
/** The end of a chunked answer. */
export const lastChunk = '0\r\n\r\n';

interface OpenWatch {
  readonly stream: boolean;
  /** Sends something, now or when it is waited for. */
  readonly send: (step: Step) => void;
}

/** What a test may do in place of what etcd does with a watch; `undefined` leaves it to that. */
export type Trap = (watch: {
  readonly waitIndex: number | undefined;
  readonly stream: boolean;
  readonly request: StubRequest;
}) => ReturnType<StubHandler> | undefined;

/** One file in a member without a store, whose watches behave as etcd's, history and all, or as a test wants. */
export class FakeStore implements AsyncDisposable {
  /** The store's index, which a test may set. */
  index = 10;
  trap: Trap = () => undefined;
  /** The index that a read through raft gives. */
  committed: () => number = () => this.index;
  /** How far raft's index is ahead of the store's. */
  raftLead = 0;
  /** What is sent of an event, in place of its line. */
  onEvent: (line: string) => string = (line) => line;
  readonly member: FakeMember;
  private readonly events: { readonly index: number; readonly line: string }[] = [];
  private readonly open = new Set<OpenWatch>();
  private readonly clients: EtcdClient[] = [];

  private constructor(member: FakeMember) {
    this.member = member;
  }

  static async start(): Promise<FakeStore> {
    const member = await FakeMember.start();
    const store = new FakeStore(member);
    member.change({ keys: (request) => store.answer(request) });
    return store;
  }

  get url(): string {
    return this.member.url;
  }

  /** A client that does not re-arm its watches, and is closed with the store. */
  client(options: EtcdClientOptions = {}): EtcdClient {
    const client = new EtcdClient({ hosts: this.url, sync: false, watch: { rearm: 60_000 }, ...options });
    this.clients.push(client);
    return client;
  }

  /** Watches the file with a client of its own. */
  watch(options: EtcdWatchOptions = {}, clientOptions: EtcdClientOptions = {}): Recorder {
    return new Recorder(this.client(clientOptions).watch('/a', options));
  }

  /** First lines of the watches that came. */
  get watches(): string[] {
    return this.member.served.filter((line) => line.includes('wait=true'));
  }

  /** How many watches wait for what comes. */
  get waiting(): number {
    return this.open.size;
  }

  /** How many of them are streams. */
  get streaming(): number {
    return [...this.open].filter(({ stream }) => stream).length;
  }

  /** Changes the file, and tells all who wait. Gives the index. */
  write(value = 'v'): number {
    const index = ++this.index;
    const line = `${JSON.stringify({ action: 'set', node: this.node(value) })}\n`;
    this.events.push({ index, line });
    this.tell(line);
    return index;
  }

  /** Changes the file as a snapshot of raft's does: those who wait are not told. Gives the index. */
  skip(): number {
    const waiting = [...this.open];
    this.open.clear();
    const index = this.write();
    for (const watch of waiting) this.open.add(watch);
    return index;
  }

  /** The line of the first change from an index on. */
  past(from: number): string | undefined {
    return this.events.find(({ index }) => index >= from)?.line;
  }

  /** Sends a line to all who wait. */
  tell(line: string): void {
    for (const watch of this.open) {
      watch.send(chunk(this.onEvent(line)));
      if (!watch.stream) watch.send(lastChunk);
    }
  }

  /** The head of a watch's answer. */
  head(index = this.index): string {
    const all = { ...this.member.headers(index), 'X-Raft-Index': index + this.raftLead };
    const headers = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    return ['HTTP/1.1 200 OK', ...headers, 'Transfer-Encoding: chunked', '', ''].join('\r\n');
  }

  /** The refusal of an index that has left the history. */
  cleared(): string {
    const body = {
      errorCode: 401,
      message: 'The event in requested index is outdated and cleared',
      cause: 'x',
    };
    return jsonResponse(400, { ...body, index: this.index }, this.member.headers(this.index));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    await this.member[Symbol.asyncDispose]();
  }

  private node(value: string) {
    return { key: '/a', value, modifiedIndex: this.index, createdIndex: this.index };
  }

  private read(index: number): string {
    return jsonResponse(200, { action: 'get', node: this.node('v') }, this.member.headers(index));
  }

  private answer(request: StubRequest): ReturnType<StubHandler> {
    const query = new URL(request.path, 'http://x').searchParams;
    if (query.get('wait') !== 'true')
      return this.read(query.get('quorum') === 'true' ? this.committed() : this.index);
    const waitIndex = query.has('waitIndex') ? Number(query.get('waitIndex')) : undefined;
    const stream = query.get('stream') === 'true';
    return this.trap({ waitIndex, stream, request }) ?? this.serve(waitIndex ?? this.index + 1, stream);
  }

  private async *serve(from: number, stream: boolean): AsyncGenerator<Step> {
    const past = this.past(from);
    const head = this.head();
    if (past !== undefined) {
      yield head + chunk(this.onEvent(past)) + (stream ? '' : lastChunk);
      // A stream that was answered out of the history says nothing any more, and stays open.
      return;
    }
    const steps: Step[] = [];
    let wake: () => void = () => undefined;
    const send = (step: Step) => {
      steps.push(step);
      wake();
    };
    const watch: OpenWatch = { stream, send };
    this.open.add(watch);
    try {
      yield head;
      for (;;) {
        const step = steps.shift();
        if (step === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield step;
        if (step === lastChunk || step === END) return;
      }
    } finally {
      this.open.delete(watch);
    }
  }

  /** Ends every open watch, in the middle of whatever it says. */
  cut(text = ''): void {
    for (const { send } of this.open) {
      if (text !== '') send(text);
      send(END);
    }
  }
}
