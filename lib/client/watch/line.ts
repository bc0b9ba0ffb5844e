import type { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import {
  EtcdAbortedError,
  EtcdError,
  EtcdConnectionError,
  EtcdResponseError,
  EtcdResponseTooLargeError,
} from '../errors/index.js';
import { offAbort, onAbort } from '../http/abort.js';
import { watchRequest } from '../keys/key-requests.js';
import type { OpenStream, StreamReceiver } from '../http/request.js';
import type { Scope } from './scope.js';
import { StoreEvent } from './store-event.js';

/** What a line tells. */
export interface LineListener {
  onEvent(event: StoreEvent): unknown;
  /** It has ended by itself; with what was wrong, where it was cut short. */
  onEnd(problem: unknown): void;
}

/** How a line is opened. */
export interface LineOptions {
  /** The first index to hear of; without it, everything after {@link Line.index}. */
  readonly waitIndex?: number | undefined;
  /** Whether it goes on after its first event. */
  readonly stream: boolean;
  /** Whether it is opened to prove that another one still hears. */
  readonly isProof?: boolean | undefined;
  /** A member that is asked first, or only when the others fail. */
  readonly prefer?: string | undefined;
  readonly avoid?: string | undefined;
}

const newline = 0x0a;
/** Events that wait for somebody who listens: twice the history of etcd. */
const mostWaiting = 2_000;
const mostWaitingBytes = 8 * 1024 * 1024;

/** So often in a row nothing more may have come of an event that has begun to come, when its patience is over. */
const mostStalls = 4;

/** An event as it came. */
interface Waiting {
  readonly text: string;
  readonly bytes: number;
}

/**
 * One open watch of a member: `GET /v2/keys/KEY?wait=true`. It is there when etcd has registered it, keeps the events
 * until somebody listens, and takes them as fast as they come, because etcd drops the watch of a reader who is slow.
 */
export class Line implements StreamReceiver {
  /** The member that tells. */
  endpoint = '';
  /** The store index when the watch was registered: events up to it come out of the history. */
  index = 0;
  /** raft's index at that time. */
  raftIndex = 0;
  /** raft's term at that time. */
  raftTerm = 0;
  /** When it was registered, on the clock of `performance.now()`. */
  openedAt = 0;
  /** How many events it has brought. */
  told = 0;
  /** Whether an event came out of the history. A stream says nothing more after it, and stays open. */
  hitHistory = false;
  #stream: OpenStream | undefined;
  #listener: LineListener | undefined;
  /** Events that came before anybody listened, as they came. */
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** How it ended by itself. */
  #end: { readonly problem: unknown } | undefined;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #closed = false;

  private constructor(private readonly longest: number) {}

  /** Opens a line on a member that answers. @throws {EtcdEventIndexClearedError} when `waitIndex` has left the history */
  static async open(cluster: Cluster, scope: Scope, options: LineOptions, call: Call): Promise<Line> {
    const line = new Line(cluster.maxResponseBytes);
    const { waitIndex, stream, prefer, avoid } = options;
    const request = watchRequest(scope.key, {
      recursive: scope.recursive || undefined,
      stream: stream || undefined,
      waitIndex,
    });
    try {
      await cluster.request(
        { ...request, receiver: line, isShort: !stream, prefer, avoid },
        call,
        (answer, endpoint) => {
          line.#stream = answer.stream;
          if (!line.#isOpen) answer.stream?.close();
          if (answer.etcdIndex === undefined)
            throw new EtcdResponseError('The answer to a watch has no index.');
          line.index = answer.etcdIndex;
          line.raftIndex = answer.raftIndex ?? 0;
          line.raftTerm = answer.raftTerm ?? 0;
          line.endpoint = endpoint;
          line.openedAt = performance.now();
        },
      );
    } catch (error) {
      line.close();
      throw error;
    }
    return line;
  }

  /** Whether it was closed, so that what becomes of it is of no interest any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The index of the newest event that waits for somebody who listens; 0 when there is none. */
  get newest(): number {
    const last = this.#waiting.at(-1);
    return last === undefined ? 0 : indexOf(last);
  }

  /** How far it has come: to its newest event, or where it began. */
  get reached(): number {
    return Math.max(this.index, this.newest);
  }

  /** Whether most changes of the store up to an index were changes of its scope. */
  isDense(upTo: number): boolean {
    return 2 * this.told > upTo - this.index;
  }

  /** Tells everything that waits, and that comes from now on. */
  listen(listener: LineListener): void {
    const end = this.#end;
    this.#end = undefined;
    this.#listener = listener;
    for (const waiting of this.#waiting.splice(0)) this.#tell(listener, waiting);
    if (end !== undefined) this.onEnd(end.problem);
  }

  /**
   * Its one event, where it is no stream; `undefined`, and it is closed, when `patience` is over and nothing has come.
   * @throws {EtcdAbortedError} when the signal ends it before
   */
  first(signal: AbortSignal, patience: () => Promise<unknown>): Promise<StoreEvent | undefined> {
    return new Promise((resolve, reject) => {
      let first: StoreEvent | undefined;
      const leave = (): void => {
        offAbort(signal, abort);
        this.close();
      };
      const fail = (error: Error): void => {
        leave();
        reject(error);
      };
      const abort = (): void => fail(new EtcdAbortedError({ cause: signal.reason }));
      const broken = (): EtcdConnectionError =>
        new EtcdConnectionError(`${this.endpoint} ended a watch without an event.`);
      let heard = 0;
      let stalls = 0;
      const giveUp = (): void => {
        const rest = this.#restBytes;
        if (rest === 0) {
          leave();
          return resolve(first);
        }
        // What has begun to come is waited for, however slowly it does.
        stalls = rest > heard ? 0 : stalls + 1;
        heard = rest;
        if (stalls < mostStalls) wait();
        else fail(broken());
      };
      // Not before what has come meanwhile is read: this process may have stood still, and not the member.
      const wait = (): void => void patience().then(() => setImmediate(giveUp), fail);
      onAbort(signal, abort);
      this.listen({
        onEvent: (event) => (first ??= event),
        // Only at its end is the connection free for the next one.
        onEnd: (problem) => {
          leave();
          if (first !== undefined) resolve(first);
          else reject(problem instanceof EtcdError ? problem : broken());
        },
      });
      if (signal.aborted) abort();
      else wait();
    });
  }

  /** Ends it; nothing is told any more. */
  close(): void {
    this.#closed = true;
    this.#stream?.close();
  }

  onData(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0 && this.#isOpen; end = chunk.indexOf(newline, start)) {
      this.#take(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length || !this.#isOpen) return;
    this.#restBytes += chunk.length - start;
    // Its memory is used again.
    this.#rest.push(Buffer.from(chunk.subarray(start)));
    if (this.#restBytes > this.longest) this.#break(tooLong(this.longest));
  }

  onEnd(problem: unknown): void {
    if (!this.#isOpen) return;
    this.#end = { problem };
    this.#listener?.onEnd(problem);
  }

  get #isOpen(): boolean {
    return !this.#closed && this.#end === undefined;
  }

  #take(bytes: Buffer): void {
    const whole = this.#restBytes === 0 ? bytes : Buffer.concat([...this.#rest, bytes]);
    this.#rest = [];
    this.#restBytes = 0;
    if (whole.length === 0) return;
    if (whole.length > this.longest) return this.#break(tooLong(this.longest));
    const decoded = whole.toString('utf8');
    // A text with characters beyond Latin-1 takes two bytes for each of all its characters.
    const memory = decoded.length === whole.length ? whole.length : 2 * decoded.length;
    const text = { text: decoded, bytes: memory };
    if (this.#listener !== undefined) return this.#tell(this.#listener, text);
    this.#waiting.push(text);
    this.#waitingBytes += text.bytes;
    if (this.#waiting.length > mostWaiting || this.#waitingBytes > mostWaitingBytes) this.#forget();
  }

  #tell(listener: LineListener, { text, bytes }: Waiting): void {
    if (!this.#isOpen) return;
    let event: StoreEvent;
    try {
      event = new StoreEvent(text, bytes);
    } catch (error) {
      return this.#break(error);
    }
    if (event.index <= this.index) this.hitHistory = true;
    this.told++;
    listener.onEvent(event);
  }

  /** Lets go of the older half of what waits: the line then tells what comes after that. */
  #forget(): void {
    const forgotten = this.#waiting.splice(0, Math.ceil(this.#waiting.length / 2));
    for (const { bytes } of forgotten) this.#waitingBytes -= bytes;
    this.told += forgotten.length;
    this.index = Math.max(this.index, ...forgotten.slice(-1).map(indexOf));
  }

  #break(problem: unknown): void {
    this.onEnd(problem);
    this.#stream?.close();
  }
}

function tooLong(longest: number): EtcdResponseTooLargeError {
  return new EtcdResponseTooLargeError(`An event is longer than \`maxResponseBytes\` (${longest}).`);
}

/** Whether a line was ended by its member, or its host, so that nothing which it had sent before is lost. */
export function isEndOfPeer(problem: unknown): boolean {
  return problem === undefined || problem === 'UND_ERR_SOCKET' || problem === 'ECONNRESET';
}

/** 0 for what is no event, which whoever listens will be told. */
function indexOf({ text, bytes }: Waiting): number {
  try {
    return new StoreEvent(text, bytes).index;
  } catch {
    return 0;
  }
}
