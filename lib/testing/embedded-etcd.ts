import type { Dispatcher } from 'undici';

import {
  checkSnapshot,
  type EmbeddedSnapshot,
  type Member,
  MemberCluster,
  protect,
} from './cluster/index.js';
import { EmbeddedCluster } from './embedded-cluster.js';
import {
  checkInteger,
  type EmbeddedAuth,
  type EmbeddedClusterOptions,
  type EmbeddedEtcdOptions,
  resolveEtcdOptions,
  resolveOptions,
  type ResolvedOptions,
} from './embedded-options.js';
import type { HttpServer } from './http/http-server.js';
import { listenAll, placeFor, seatsFor } from './listen-all.js';
import { ServerProcess } from './server-process.js';
import { storePath } from './store/index.js';
import type { EmbeddedFault, EmbeddedRequest } from './traffic.js';

/**
 * A server of etcd's v2 API in this process, with nothing of etcd's installed: for tests, demonstrations, and
 * development on one machine. It answers as etcd 3.4 with `--enable-v2` does, and keeps nothing when the process ends.
 *
 * @example
 * await using server = await EmbeddedEtcd.start();
 * const response = await fetch(`${server.url}/v2/keys/greeting`);
 */
export class EmbeddedEtcd implements AsyncDisposable {
  readonly #member: Member;
  readonly #process: ServerProcess;
  readonly #auth: EmbeddedAuth | undefined;
  /** The servers of the same cluster, this one included. */
  #cluster: readonly EmbeddedEtcd[] = [this];

  private constructor(
    /** The address of the server, e.g. `http://127.0.0.1:2379`. */
    readonly url: string,
    member: Member,
    http: HttpServer,
    { auth, tls }: ResolvedOptions,
  ) {
    this.#member = member;
    this.#process = new ServerProcess(member, http, { ...placeFor(tls), port: http.port });
    this.#auth = auth;
  }

  /** Starts a server and resolves once it serves. @throws {RangeError | TypeError} for options that cannot be */
  static async start(options: EmbeddedEtcdOptions = {}): Promise<EmbeddedEtcd> {
    const [server] = await EmbeddedEtcd.#start(['default'], resolveEtcdOptions(options));
    return server as EmbeddedEtcd;
  }

  /**
   * Starts servers that are one cluster: `m0`, `m1` …, the first one of which leads.
   *
   * @param size how many
   * @throws {RangeError | TypeError} for options that cannot be
   */
  static async cluster(size = 3, options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
    checkInteger('size', size, 1, 9);
    const names = Array.from({ length: size }, (_, i) => `m${i}`);
    return new EmbeddedCluster(await EmbeddedEtcd.#start(names, resolveOptions(options, size)));
  }

  static async #start(names: readonly string[], options: ResolvedOptions): Promise<EmbeddedEtcd[]> {
    const listeners = await listenAll(options.ports, placeFor(options.tls));
    const seats = seatsFor(listeners, names, options);
    const cluster = new MemberCluster(options, seats);
    if (options.auth !== undefined) cluster.reset(protect(options.auth));
    const { members } = cluster;
    const servers = seats.map(({ name }, i) => {
      const member = members.find((each) => each.name === name) as Member;
      return new EmbeddedEtcd(seats[i]?.url as string, member, listeners[i] as HttpServer, options);
    });
    for (const server of servers) server.#cluster = servers;
    return servers;
  }

  /** The addresses that it tells clients to use, of all members. */
  get clientURLs(): readonly string[] {
    return this.#member.cluster.members.flatMap((member) => member.clientURLs).sort();
  }

  /**
   * For undici, and for the `dispatcher` of `EtcdClient`: requests reach this server without a connection, whatever address they
   * are for. Everything else is as it is with one.
   */
  get dispatcher(): Dispatcher {
    return this.#process.dispatcher;
  }

  /** The store index. */
  get index(): number {
    return this.#member.store.index;
  }

  /** The id of the member, as `/v2/members` gives it. */
  get id(): string {
    return this.#member.id;
  }

  /** Whether it leads: who is alone always does. */
  get isLeader(): boolean {
    return this.isConnected && this.#member.leader === this.#member;
  }

  /** Whether it runs and reaches the other members. */
  get isConnected(): boolean {
    return this.#member.peer.isConnected;
  }

  /** The last requests that have come in, oldest first: up to 10,000. */
  get requests(): readonly EmbeddedRequest[] {
    return this.#process.traffic.requests;
  }

  /** The id of the cluster in `X-Etcd-Cluster-Id`, which can be set, as if another cluster stood at the address. */
  get clusterId(): string {
    return this.#member.cluster.id;
  }

  set clusterId(id: string) {
    if (!/^[1-9a-f][0-9a-f]{0,15}$/.test(id))
      throw new TypeError(`Expected \`clusterId\` to be up to 16 hex digits in lower case, got '${id}'`);
    this.#member.cluster.id = id;
  }

  /** The number in `X-Raft-Term`, which can be set, as if there had been elections or a backup had been restored. */
  get raftTerm(): number {
    return this.#member.cluster.raft.term;
  }

  set raftTerm(term: number) {
    checkInteger('raftTerm', term, 1);
    this.#member.cluster.raft.term = term;
  }

  /** Forgets the {@link requests}. */
  clearRequests(): void {
    this.#process.traffic.clearRequests();
  }

  /** Answers nothing any more, as a process that is stopped: connections stay open. Others of its cluster go on. */
  pause(): void {
    this.#process.pause();
  }

  /** Goes on after {@link pause}, with the requests that have come in meanwhile. */
  resume(): void {
    this.#process.resume();
  }

  /**
   * Cuts it off from the other members of its cluster, but not from clients: it answers plain reads with what it had,
   * which gets stale, and writes with an error after 5 seconds by the clock. A server without others agrees with itself.
   */
  partition(): void {
    this.#process.partition();
  }

  /**
   * Connects it with the others again, and it catches up.
   *
   * @param options `snapshot` lets it catch up by a snapshot, as a member does that was away for very long: its open watches
   * are not told what has changed meanwhile, and go on. It does not unless it is told to.
   */
  heal({ snapshot = false }: { readonly snapshot?: boolean } = {}): void {
    this.#process.heal(snapshot);
  }

  /** Makes it the leader of its cluster. @throws {Error} if it does not reach a majority */
  lead(): void {
    this.#member.cluster.raft.lead(this.#member.peer);
  }

  /**
   * Lets the next request fail that matches. Several calls add up, and the first one that matches a request applies.
   *
   * @throws {RangeError} for a number out of range
   * @example
   * server.failNext({ reset: true, match: ({ method }) => method === 'PUT' });
   */
  failNext(fault: EmbeddedFault): void {
    this.#process.traffic.failNext(fault);
  }

  /** Lets a key expire now, with or without a TTL. @throws {Error} if there is none, or no majority of members */
  expireNow(key: string): void {
    const { cluster, peer } = this.#member;
    if (!cluster.raft.hasQuorum(peer))
      throw new Error('Nothing can expire while no majority of the members agrees');
    void this.#member.propose(({ store }) => store.expireNow(storePath(key)));
  }

  /**
   * Forgets everything that is stored, planned to fail, or logged, and ends all watches and whatever waits for an answer: all is as
   * at the start, but that a member which is stopped, paused or cut off stays so.
   */
  resetStore(): void {
    for (const server of this.#cluster) server.#process.traffic.reset();
    this.#member.cluster.reset(this.#auth === undefined ? undefined : protect(this.#auth));
  }

  /** All keys and users, as plain data that JSON can hold. Passwords are in it as they are. */
  snapshot(): EmbeddedSnapshot {
    return this.#member.peer.replica.snapshot();
  }

  /** Goes back, or forth, to another state, as one does that is restored from a backup. It ends all watches. @throws {TypeError} */
  restore(snapshot: EmbeddedSnapshot): void {
    const checked = checkSnapshot(snapshot);
    for (const server of this.#cluster) server.#process.traffic.cutWatches();
    this.#member.cluster.raft.restore(checked);
  }

  /** Lets the process end although the server runs. */
  unref(): void {
    this.#process.unref();
  }

  /** Ends the server with all its connections. It never rejects, and may be called again. */
  stop(): Promise<void> {
    return this.#process.stop();
  }

  /**
   * Starts it again at the same address, with what it held, and resolves once it serves. Each start takes up an index.
   *
   * @throws {Error} if the cluster has removed it, or its port is taken meanwhile
   */
  restart(): Promise<void> {
    return this.#process.restart();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
