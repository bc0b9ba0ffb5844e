import type { Member } from './cluster/index.js';
import { EmbeddedDispatcher } from './dispatcher/embedded-dispatcher.js';
import type { Service } from './http/exchange.js';
import { HttpServer, type HttpServerOptions } from './http/http-server.js';
import { route } from './http/router.js';
import { Traffic } from './traffic.js';

/** Runs one member as a process would: it serves, stands still, ends, and starts again. */
export class ServerProcess {
  readonly traffic = new Traffic();
  readonly dispatcher: EmbeddedDispatcher;
  readonly #service: Service;
  #isPaused = false;
  #isCutOff = false;
  #isUnref = false;
  #stopping: Promise<void> | undefined;
  /** Set while it starts again. */
  #starting: Promise<void> | undefined;

  /** @param http listens already @param place where to listen again */
  constructor(
    private readonly member: Member,
    private http: HttpServer,
    private readonly place: HttpServerOptions,
  ) {
    this.#service = { handler: (request) => route(member, request), traffic: this.traffic };
    this.dispatcher = new EmbeddedDispatcher(this.#service, () => this.#stopping === undefined);
    // Its last answer may be that of its own removal.
    member.onRemoved = () => setImmediate(() => void this.stop());
    this.#serve();
  }

  pause(): void {
    if (this.#stopping !== undefined) return;
    this.traffic.pause();
    this.#isPaused = true;
    this.#connect();
  }

  resume(): void {
    this.#isPaused = false;
    this.#connect();
    this.traffic.resume();
  }

  /** Who is alone agrees with itself, and cannot be cut off. */
  partition(): void {
    this.#isCutOff = this.member.cluster.size > 1;
    this.#connect();
  }

  /** @param bySnapshot whether it catches up by one */
  heal(bySnapshot: boolean): void {
    if (bySnapshot && this.#isCutOff) this.member.peer.backlog = undefined;
    this.#isCutOff = false;
    this.#connect();
  }

  unref(): void {
    this.#isUnref = true;
    this.http.unref();
  }

  /** It never rejects, and may be called again. */
  stop(): Promise<void> {
    const stop = (): Promise<void> => this.stop();
    if (this.#starting !== undefined) return this.#starting.then(stop, stop);
    return (this.#stopping ??= this.#stop());
  }

  /** @throws {Error} if the cluster has removed the member, or its port is taken meanwhile */
  restart(): Promise<void> {
    this.#starting ??= this.#restart().finally(() => (this.#starting = undefined));
    return this.#starting;
  }

  #serve(): void {
    if (this.#isUnref) this.http.unref();
    this.http.serve(this.#service);
    this.member.cluster.raft.run(this.member.peer);
  }

  #connect(): void {
    const isUp = this.#stopping === undefined && !this.#isPaused && !this.#isCutOff;
    this.member.cluster.raft.connect(this.member.peer, isUp);
  }

  async #restart(): Promise<void> {
    await (this.#stopping ??= this.#stop());
    const { peer, cluster, id } = this.member;
    if (cluster.wasRemoved(id)) throw new Error('It cannot start: it is no member of its cluster any more');
    this.http = await HttpServer.listen(this.place);
    this.#serve();
    this.#stopping = undefined;
    if (cluster.size === 1) cluster.raft.term++;
    this.#connect();
    // Each start of a member takes up an index.
    if (cluster.raft.hasQuorum(peer)) void this.member.propose(({ store }) => store.skipIndex());
  }

  async #stop(): Promise<void> {
    const { peer, cluster } = this.member;
    cluster.raft.connect(peer, false);
    cluster.raft.end(peer);
    this.#isPaused = false;
    this.traffic.restart();
    await this.dispatcher.destroy();
    await this.http.close();
  }
}
