import { EtcdError, type EtcdDecodeError } from '../errors/index.js';
import type { EtcdSchema } from '../keys/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import type { EtcdLogger } from '../options/index.js';
import { checkLogger, guarded } from '../options/resolve-options.js';
import { Listeners } from '../watch/listeners.js';
import type { EtcdConfigEvents } from './config-events.js';
import {
  isOverruled,
  resolveConfigOptions,
  type EtcdConfigObject,
  type EtcdConfigOptions,
  type Environment,
} from './config-options.js';
import { valueAt } from './config-tree.js';
import { checkValueOptions, EtcdConfigValue, type EtcdConfigValueOptions } from './config-value.js';
import { differences, keyUnder } from './files.js';
import type { CacheMaker } from './follower.js';
import { States, type State } from './states.js';
import { WeakList } from './weak-list.js';

type WithDefault<V> = EtcdConfigValueOptions<V> & { readonly default: V };
type WithSchema<V> = EtcdConfigValueOptions<V> & { readonly schema: EtcdSchema<V> };

/** One value of a configuration; see {@link EtcdConfig.select}. */
export interface EtcdConfigSelected<V> {
  /** What it is now. Reading it is a look into memory. */
  readonly current: V;
}

/**
 * The files below a key as one nested, validated, frozen value, which follows etcd. Each event of etcd's is applied as a whole: a
 * reader sees the state before it or the state after it. A state that is refused is kept out as a whole, and the last good one is
 * served until there is a good one again, as it is while etcd is away.
 *
 * @example
 * await using config = etcd.config('/config/shop', { schema: Shop });
 * await config.ready;
 * config.value.db.host;
 * config.on('change', ({ value, keys }) => console.log('changed', keys));
 */
export class EtcdConfig<T = EtcdConfigObject> implements AsyncDisposable {
  /**
   * Resolves when there is a state: etcd's, or the snapshot's. Rejects, and closes the configuration, with {@link EtcdDecodeError} when the
   * first state is refused, {@link EtcdTimeoutError} when etcd has not answered in time, and what ends a watch, such as {@link EtcdUnauthorizedError}.
   */
  readonly ready: Promise<void>;
  /** The key whose files it holds. */
  readonly key: string;
  readonly #logger: EtcdLogger;
  readonly #listeners: Listeners;
  readonly #states: States<T>;
  readonly #env: Environment;
  /** Weakly, since a value that nobody can ask for any more need not follow. */
  readonly #values = new WeakList<EtcdConfigValue<unknown>>();
  /** The selected files that the schema has been found to leave out. */
  readonly #omitted = new Set<string>();
  #closed: Promise<void> | undefined;

  /** @internal Made by `config`. @throws {EtcdOptionsError}, {@link EtcdInvalidKeyError} before anything is sent */
  constructor(etcd: CacheMaker, logger: EtcdLogger, prefix: EtcdKey, options: EtcdConfigOptions<T> = {}) {
    this.key = normalizeKey(prefix);
    checkLogger(logger);
    this.#logger = guarded(logger);
    this.#listeners = new Listeners(`The configuration of ${this.key}`, this.#logger);
    const resolved = resolveConfigOptions(options);
    this.#env = resolved.env;
    this.#states = new States(etcd, this.#logger, this.key, resolved, {
      onTaken: (state, previous) => this.#tell(state, previous),
      onRefused: (error, index) => this.#listeners.call('refused', { error, index }),
      onLost: (error) => this.#listeners.call('error', error),
    });
    this.ready = this.#states.begin();
    this.ready.catch(() => undefined);
  }

  /** The whole state: frozen, and the same object until it changes. @throws {EtcdError} before it is {@link ready} */
  get value(): T {
    return this.#present.value;
  }

  /** The store index of the state. @throws {EtcdError} before it is {@link ready} */
  get index(): number {
    return this.#present.index;
  }

  /** Whether the state is the one that was kept in the file, because etcd has given no good one yet. */
  get isFromSnapshot(): boolean {
    return this.#states.isFromSnapshot;
  }

  /**
   * What lies at a key below the prefix, such as `/db/host` or `['db', 'host']`; `undefined` where there is nothing.
   * {@link value} has the types of the schema. @throws {EtcdInvalidKeyError}, {@link EtcdError} before it is {@link ready}
   */
  get(key: EtcdKey): unknown {
    return valueAt(this.value, normalizeKey(key));
  }

  /**
   * One value below the prefix, always current, and with a schema checked by itself: what that refuses leaves the last good value in its place.
   * It follows for as long as something refers to it.
   *
   * @throws {EtcdDecodeError} when it is refused already, and there is no default; {@link EtcdOptionsError}, {@link EtcdInvalidKeyError},
   * and {@link EtcdError} before it is {@link ready}
   * @example
   * const isOn = config.select('/flags/new-ui', { default: false, schema: z.boolean() });
   * isOn.current;
   */
  select<V>(key: EtcdKey, options: WithDefault<V> | WithSchema<V>): EtcdConfigSelected<V>;
  select<V = unknown>(key: EtcdKey, options?: EtcdConfigValueOptions<V>): EtcdConfigSelected<V | undefined>;
  select<V>(key: EtcdKey, options: EtcdConfigValueOptions<V> = {}): EtcdConfigSelected<V | undefined> {
    checkValueOptions(options);
    const path = normalizeKey(key);
    const state = this.#present;
    const value = new EtcdConfigValue<V>(path, keyUnder(this.key, path), options);
    const refused = value.follow(valueAt(state.value, path));
    if (refused !== undefined) {
      if (!('default' in options)) throw refused;
      this.#refuse(path, refused);
    }
    this.#values.add(value);
    this.#warnOfOmission(path, state);
    return value;
  }

  /** Calls a listener for each event of a kind. What it throws is told to those of `error`, or else logged. */
  on<Name extends keyof EtcdConfigEvents<T>>(
    name: Name,
    listener: (...args: EtcdConfigEvents<T>[Name]) => void,
  ): this {
    this.#listeners.add(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Takes back a listener. */
  off<Name extends keyof EtcdConfigEvents<T>>(
    name: Name,
    listener: (...args: EtcdConfigEvents<T>[Name]) => void,
  ): this {
    this.#listeners.remove(name, listener as (...args: unknown[]) => void);
    return this;
  }

  /** Follows no more, keeps its last state, and writes the snapshot. It never rejects, and may be called again. */
  close(): Promise<void> {
    return (this.#closed ??= this.#states.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Keeps the state that it has, with nothing open at etcd, until {@link resume}. It never rejects. */
  hold(): Promise<void> {
    return this.#states.hold();
  }

  /** @internal Reads what there is by now, and goes on to follow. It does nothing when it is closed, or was not held. */
  resume(): void {
    this.#states.resume();
  }

  get #present(): State<T> {
    const { current } = this.#states;
    if (current === undefined)
      throw new EtcdError(`The configuration of ${this.key} is not loaded yet; await its \`ready\` first.`);
    return current;
  }

  #tell(state: State<T>, previous: State<T> | undefined): void {
    if (previous === undefined) return;
    const { value, files, index } = state;
    const refused: [path: string, error: EtcdDecodeError][] = [];
    for (const selected of this.#values) {
      const error = selected.follow(valueAt(value, selected.path));
      if (error !== undefined) refused.push([selected.path, error]);
      this.#warnOfOmission(selected.path, state);
    }
    // Not before all of them are current: whoever is told sees one state everywhere.
    for (const [path, error] of refused) this.#refuse(path, error);
    const keys = differences(previous.files, files)
      .filter((key) => !isOverruled(this.#env, key))
      .sort();
    if (keys.length > 0) this.#listeners.call('change', { value, previous: previous.value, keys, index });
  }

  #refuse(path: string, error: EtcdDecodeError): void {
    this.#logger.error(`The last good value of ${path} in ${this.key} is kept: ${error.message}`);
    this.#listeners.call('refused', { error, index: this.index });
  }

  /** Many schemas leave out what they do not name, and a default would hide that for ever. */
  #warnOfOmission(path: string, { value, files }: State<T>): void {
    if (this.#omitted.has(path) || !files.has(path) || valueAt(value, path) !== undefined) return;
    this.#omitted.add(path);
    this.#logger.warn(
      `${path} in the configuration of ${this.key} is left out by its schema, so that nobody sees it. Name it in the schema, or let that keep what it does not name.`,
    );
  }
}
