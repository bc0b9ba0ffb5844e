import { HttpStub, jsonResponse, type StubHandler, type StubRequest } from '../support/http-stub.js';

/** How a member without a store behaves. */
export interface FakeMemberOptions {
  /** @default 'cafe' */
  clusterId?: string;
  /** The client addresses in its list of members. @default none */
  advertised?: () => readonly string[];
  /** Answers whatever is not the question who it is. @default a node at index 5 */
  keys?: StubHandler;
}

/** Never comes. */
export const silence = new Promise<never>(() => undefined);

/** A server that says who it is as a member does, and answers everything else as the test wants. */
export class FakeMember implements AsyncDisposable {
  private constructor(
    readonly stub: HttpStub,
    private readonly options: FakeMemberOptions,
  ) {}

  static async start(options: FakeMemberOptions = {}): Promise<FakeMember> {
    const stub = await HttpStub.start((request) => member.answer(request));
    const member = new FakeMember(stub, options);
    return member;
  }

  get url(): string {
    return this.stub.url;
  }

  /** What came beside the question who it is, e.g. `PUT /v2/keys/a`. */
  get served(): string[] {
    return this.stub.requests
      .filter((request) => !isHello(request))
      .map(({ method, path }) => `${method} ${path}`);
  }

  /** How often it was asked who it is. */
  get hellos(): number {
    return this.stub.requests.filter(isHello).length;
  }

  /** Changes how it behaves from now on. */
  change(options: FakeMemberOptions): void {
    Object.assign(this.options, options);
  }

  /** The answer of its keys: one file at `index`. */
  node(index: number, value = 'v', status = 200): string {
    const node = { key: '/a', value, modifiedIndex: index, createdIndex: index };
    return jsonResponse(status, { action: 'get', node }, this.headers(index));
  }

  headers(index: number): Record<string, string | number> {
    return {
      'X-Etcd-Cluster-Id': this.clusterId,
      'X-Etcd-Index': index,
      'X-Raft-Index': index,
      'X-Raft-Term': 2,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stub.stop();
  }

  private get clusterId(): string {
    return this.options.clusterId ?? 'cafe';
  }

  private answer(request: StubRequest): ReturnType<StubHandler> {
    if (!isHello(request)) return this.options.keys?.(request) ?? this.node(5);
    const clientURLs = this.options.advertised?.() ?? [];
    const members = [{ id: '1', name: 'm0', peerURLs: [], clientURLs }];
    return jsonResponse(200, { members }, { 'X-Etcd-Cluster-Id': this.clusterId });
  }
}

function isHello({ method, path }: StubRequest): boolean {
  return method === 'GET' && path === '/v2/members';
}
