import {
  EtcdAbortedError,
  EtcdClosedError,
  EtcdDecodeError,
  EtcdError,
  EtcdTimeoutError,
} from '../errors/index.js';
import { describeFailure } from '../http/exchange.js';
import type { EtcdLogger } from '../options/index.js';
import type { ResolvedConfigOptions } from './config-options.js';
import type { Files } from './files.js';
import { Follower, type CacheMaker } from './follower.js';
import { lateError } from './late-error.js';
import { Mapping } from './mapping.js';
import { SnapshotFile, type SavedState } from './snapshot-file.js';
import { isPromise, validate } from './validate.js';
import { within } from './within.js';

/** Files as they are at a store index. */
interface Candidate {
  readonly files: Files;
  readonly index: number;
}

/** A candidate that was taken. */
export interface State<T> extends Candidate {
  readonly value: T;
}

/** What {@link States} tells. None of them may throw. */
export interface StatesListener<T> {
  onTaken(state: State<T>, previous: State<T> | undefined): void;
  onRefused(error: EtcdDecodeError, index: number): void;
  onLost(error: unknown): void;
}

/** Decides which states are taken, and keeps the last good one: of etcd, or of the snapshot while there is none of etcd. */
export class States<T> {
  /** Whether the present state is the snapshot's. */
  isFromSnapshot = false;
  /** The last good state. */
  current: State<T> | undefined;
  readonly #mapping: Mapping;
  readonly #follower: Follower;
  readonly #snapshot: SnapshotFile | undefined;
  /** What the last state of etcd that was taken was made of, before the schema. */
  #checked: { readonly source: unknown; readonly value: T } | undefined;
  /** Whether etcd has told something that was not looked at yet. */
  #isBehind = false;
  /** Whether a state was looked at in this turn of the event loop. */
  #isResting = false;
  /** Whether an asynchronous schema is at work. */
  #isChecking = false;
  /** What the log has said of the present state of etcd, where that is refused. */
  #refusal: string | undefined;
  #isLost = false;
  #isHeld = false;
  #isClosed = false;
  #onDecided: (error?: Error) => void = () => undefined;

  constructor(
    etcd: CacheMaker,
    private readonly logger: EtcdLogger,
    private readonly key: string,
    private readonly options: ResolvedConfigOptions<T>,
    private readonly listener: StatesListener<T>,
  ) {
    const { snapshot, signal } = options;
    this.#mapping = new Mapping(key, options);
    this.#snapshot =
      snapshot === undefined ? undefined : new SnapshotFile(snapshot, etcd.full?.(key) ?? key, logger);
    this.#follower = new Follower(etcd, key, signal, {
      onChange: () => this.#notice(),
      onLost: (error, retryIn) => this.#lose(error, retryIn),
    });
  }

  /**
   * Begins to follow, and resolves when there is a state. It rejects, after it has closed, with the reason why there is none.
   *
   * @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent
   */
  begin(): Promise<void> {
    const { timeout } = this.options;
    const decided = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#onDecided(lateError(this.key, this.options, this.#isChecking)),
        timeout,
      );
      this.#onDecided = (error) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    decided.catch(() => undefined);
    try {
      this.#follower.start();
    } catch (error) {
      this.#onDecided();
      throw error;
    }
    this.#snapshot?.tidy();
    return this.#settle(decided);
  }

  async #settle(decided: Promise<void>): Promise<void> {
    try {
      await decided;
    } catch (error) {
      if (await this.#fallBack(error)) return;
      await this.close();
      throw error;
    }
  }

  /** Keeps what it has, with nothing open at etcd, until {@link resume}. It never rejects. */
  async hold(): Promise<void> {
    this.#isHeld = true;
    await this.#follower.stop();
  }

  /** Reads what there is by now, and goes on to follow. */
  resume(): void {
    if (!this.#isHeld || this.#isClosed) return;
    this.#isHeld = false;
    this.#follower.start();
  }

  /** Follows no more, and writes the snapshot. It never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onDecided(new EtcdClosedError());
    await this.#follower.stop();
    await this.#snapshot?.flush();
  }

  #notice(): void {
    this.#isLost &&= this.#sayBack();
    this.#isBehind = true;
    this.#catchUp();
  }

  /**
   * Looks at the present state of etcd. What comes in one turn of the event loop, or while an asynchronous schema is at work, is looked at
   * together: a schema that checks everything for each of a thousand changes would stop the process.
   */
  #catchUp(): void {
    if (!this.#isBehind || this.#isChecking || this.#isResting || this.#isClosed) return;
    this.#isBehind = false;
    this.#isResting = true;
    setImmediate(() => {
      this.#isResting = false;
      this.#catchUp();
    });
    this.#check(this.#follower.copy());
  }

  #check(candidate: Candidate): void {
    const { files, index } = candidate;
    let source: unknown;
    let value: T | Promise<T>;
    try {
      source = this.#mapping.map(files);
      // Nothing has changed but what the environment overrules, or what was changed back while nobody followed.
      const isKnown = this.#checked !== undefined && Object.is(this.#checked.source, source);
      value = isKnown ? (this.#checked as { value: T }).value : this.#validate(source, files);
    } catch (error) {
      return this.#refuse(error, index);
    }
    if (isPromise(value)) void this.#await(candidate, source, value);
    else this.#accept(candidate, source, value);
  }

  async #await(candidate: Candidate, source: unknown, value: Promise<T>): Promise<void> {
    this.#isChecking = true;
    try {
      this.#accept(candidate, source, await value);
    } catch (error) {
      this.#refuse(error, candidate.index);
    } finally {
      this.#isChecking = false;
      this.#catchUp();
    }
  }

  #accept(candidate: Candidate, source: unknown, value: T): void {
    this.#checked = { source, value };
    this.#take({ ...candidate, value });
  }

  #validate(source: unknown, files: Files): T | Promise<T> {
    const { schema } = this.options;
    if (schema === undefined) return source as T;
    const remark = files.size === 0 ? '; there is no file below it at all, so look at the prefix first' : '';
    return validate(this.key, schema, source, remark);
  }

  #take(state: State<T>): void {
    if (this.#isClosed) return;
    if (this.isFromSnapshot)
      this.logger.log(`The configuration of ${this.key} is that of etcd again, at index ${state.index}.`);
    else if (this.#refusal !== undefined)
      this.logger.log(`The configuration of ${this.key} is right again at index ${state.index}.`);
    this.#refusal = undefined;
    this.isFromSnapshot = false;
    this.#replace(state);
    this.#snapshot?.save(state);
  }

  #replace(state: State<T>): void {
    const previous = this.current;
    this.current = state;
    this.listener.onTaken(state, previous);
    this.#onDecided();
  }

  #refuse(error: unknown, index: number): void {
    if (this.#isClosed) return;
    const refused =
      error instanceof EtcdDecodeError ? error : new EtcdDecodeError(this.key, 'it cannot be mapped');
    if (this.#refusal !== refused.message && this.current !== undefined)
      this.logger.error(
        `The configuration of ${this.key} at index ${index} is refused, and the last good one is kept: ${refused.message}`,
      );
    this.#refusal = refused.message;
    this.listener.onRefused(refused, index);
    this.#onDecided(refused);
  }

  #lose(error: unknown, retryIn: number | undefined): void {
    if (this.#isClosed) return;
    const isOver = retryIn === undefined;
    if (!this.#isLost && this.current !== undefined && !isEnd(error))
      this.logger.error(
        `The configuration of ${this.key} is not followed any more${isOver ? '' : `, and is read again in ${(retryIn / 1_000).toFixed(1)} s`}: ${describeFailure(error)}`,
      );
    this.#isLost = true;
    if (!isEnd(error)) this.listener.onLost(error);
    this.#onDecided(error instanceof Error ? error : new EtcdError(describeFailure(error)));
  }

  #sayBack(): false {
    this.logger.log(`The configuration of ${this.key} is followed again.`);
    return false;
  }

  /** Takes the state that was kept in a file. @returns whether there is a state */
  async #fallBack(reason: unknown): Promise<boolean> {
    if (this.#snapshot === undefined || this.#isClosed || isEnd(reason)) return false;
    const problem = await this.#takeSnapshot(this.#snapshot, reason);
    if (problem !== undefined)
      this.logger.error(`The configuration of ${this.key} has no snapshot: ${problem}`);
    return this.current !== undefined && !this.#isClosed;
  }

  /** @returns why there is none */
  async #takeSnapshot(snapshot: SnapshotFile, reason: unknown): Promise<string | undefined> {
    const saved = await snapshot.read();
    if (typeof saved === 'string') return saved;
    let value: T;
    try {
      value = await this.#valueOfSaved(saved);
    } catch (error) {
      return `what ${snapshot.path} holds is refused: ${describeFailure(error)}`;
    }
    // etcd may have answered meanwhile, and knows better.
    if (this.current !== undefined || this.#isClosed) return undefined;
    this.isFromSnapshot = true;
    this.#replace({ ...saved, value });
    this.logger.warn(
      `The configuration of ${this.key} is that of ${snapshot.path}, as it was at index ${saved.index}, until etcd gives a good one: ${describeFailure(reason)}`,
    );
    return undefined;
  }

  /** A schema that hangs must not hold up the start for ever. */
  async #valueOfSaved({ files }: SavedState): Promise<T> {
    const value = this.#validate(new Mapping(this.key, this.options).map(files), files);
    const { timeout } = this.options;
    const late = () => new EtcdTimeoutError(`the \`schema\` has not answered within ${timeout} ms`);
    return isPromise(value) ? within(timeout, value, late) : value;
  }
}

/** Whether somebody has wanted it to end. */
function isEnd(error: unknown): boolean {
  return error instanceof EtcdClosedError || error instanceof EtcdAbortedError;
}
