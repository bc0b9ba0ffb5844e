import {
  EtcdAbortedError,
  EtcdClosedError,
  EtcdConnectionError,
  type EtcdError,
  EtcdIndeterminateError,
  type EtcdResult,
  EtcdTimeoutError,
  type EtcdWatcher,
  type EtcdWatchOptions,
} from 'nestjs-etcd/client';

import type { LeaseKeys } from '../../lib/client/lease/lease-context.js';
import type { Condition, FakeEtcd } from './fake-etcd.js';
import { FakeWatch } from './fake-watch.js';
import type { VirtualClock } from './virtual-clock.js';

/**
 * What becomes of a call: it is answered, what it asks for is done and the answer is lost, it never arrives, or its lost answer
 * is made up for, as `uniqueValue` and `idempotent` allow. A watch that is not answered tells the present state.
 */
export type Fate = 'answered' | 'answer lost' | 'request lost' | 'settled';

/** What lies between a client and etcd. */
export interface Network {
  /** Resolves when something has come to where it goes. */
  way(what: string): Promise<void>;
  fate(what: string): Fate;
}

/** A network on which all goes well, at once. */
export const goodNetwork: Network = { way: async () => undefined, fate: () => 'answered' };

/** A write that somebody has asked for. */
export interface Write {
  readonly kind: 'append' | 'create' | 'set' | 'refresh' | 'swap' | 'delete';
  readonly key: string;
  /** The value that it writes. */
  readonly value: string | undefined;
  /** The value, and the index, that it needs to find. */
  readonly prevValue: string | undefined;
  readonly prevIndex?: number | undefined;
}

interface CallOptions {
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly uniqueValue?: boolean;
  readonly idempotent?: boolean;
}

type WriteOptions = CallOptions & Condition & { readonly ttl?: number };

/** The keys API of one client of a {@link FakeEtcd}. */
export class FakeKeys implements LeaseKeys {
  /** Told of each write when it has arrived, before it is done. */
  onWrite: (write: Write) => void = () => undefined;
  readonly watches = new Set<FakeWatch>();
  private readonly calls = new Set<(error: EtcdError) => void>();
  private isClosed = false;

  constructor(
    private readonly etcd: FakeEtcd,
    private readonly clock: VirtualClock,
    private readonly network: Network = goodNetwork,
    private readonly timeout = 5_000,
  ) {}

  /** How many calls have not ended. */
  get pending(): number {
    return this.calls.size;
  }

  async append(directory: unknown, value: string, options: WriteOptions = {}): Promise<EtcdResult> {
    const write = { kind: 'append', key: String(directory), value, prevValue: undefined } as const;
    return this.write(write, options, () => this.etcd.append(write.key, value, options.ttl));
  }

  async create(name: unknown, value: string, options: WriteOptions = {}): Promise<EtcdResult> {
    const write = { kind: 'create', key: String(name), value, prevValue: undefined } as const;
    return this.write(write, options, () => this.etcd.create(write.key, value, options.ttl));
  }

  async set(name: unknown, value: string, options: WriteOptions = {}): Promise<EtcdResult> {
    const write = { kind: 'set', key: String(name), value, prevValue: undefined } as const;
    return this.write(write, options, () => this.etcd.set(write.key, value, options.ttl));
  }

  async compareAndSwap(name: unknown, value: string, options: WriteOptions): Promise<EtcdResult> {
    const write = { kind: 'swap', key: String(name), value, prevValue: options.prevValue } as const;
    return this.write(write, options, () => this.etcd.swap(write.key, value, options, options.ttl));
  }

  async refresh(name: unknown, ttl: number, options: WriteOptions = {}): Promise<EtcdResult> {
    const write = {
      kind: 'refresh',
      key: String(name),
      value: undefined,
      prevValue: options.prevValue,
      prevIndex: options.prevIndex,
    } as const;
    return this.write(write, options, () => this.etcd.refresh(write.key, ttl, options));
  }

  async compareAndDelete(name: unknown, options: WriteOptions): Promise<EtcdResult> {
    const write = {
      kind: 'delete',
      key: String(name),
      value: undefined,
      prevValue: options.prevValue,
    } as const;
    return this.write(write, options, () => this.etcd.delete(write.key, options));
  }

  async get(name: unknown, options: CallOptions = {}): Promise<EtcdResult> {
    const key = String(name);
    const carry = async () => {
      const what = `get ${key}`;
      const fate = this.network.fate(what);
      await this.network.way(what);
      const read = outcome(() => this.etcd.get(key));
      await this.network.way(`answer to ${what}`);
      if (fate === 'answer lost' || fate === 'request lost') throw new EtcdConnectionError('No answer.');
      return read();
    };
    return this.call(carry, options, () => new EtcdTimeoutError('No answer in time.'), false);
  }

  watch(name: unknown, options: EtcdWatchOptions = {}): EtcdWatcher {
    const watch = new FakeWatch(this.etcd, this.network, String(name), options);
    if (this.isClosed) void watch.close();
    this.watches.add(watch);
    watch.onEnd = () => this.watches.delete(watch);
    return watch as unknown as EtcdWatcher;
  }

  /** Ends what is under way, as a client does that closes. What was sent may still arrive. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const end of this.calls) end(new EtcdClosedError({ mayHaveBeenApplied: true }));
    for (const watch of this.watches) void watch.close();
  }

  private async write(write: Write, options: WriteOptions, apply: () => EtcdResult): Promise<EtcdResult> {
    const late = () => new EtcdIndeterminateError('No answer in time.');
    return this.call(() => this.carry(write, options, apply), options, late, true);
  }

  private async carry(write: Write, options: WriteOptions, apply: () => EtcdResult): Promise<EtcdResult> {
    const what = `${write.kind} ${write.key}`;
    const fate = this.network.fate(what);
    const send = async () => {
      await this.network.way(what);
      if (fate === 'request lost') throw new EtcdConnectionError('Not sent.');
      this.onWrite(write);
      const written = outcome(apply);
      await this.network.way(`answer to ${what}`);
      return written;
    };
    const written = await send();
    if (fate === 'answered') return written();
    if (fate === 'settled' && options.idempotent === true) return (await send())();
    if (fate === 'settled' && options.uniqueValue === true) {
      await this.network.way(`look for what ${what} did`);
      const found = [...this.etcd.files.values()].find(({ value }) => value === write.value);
      if (found !== undefined) return this.etcd.get(found.key);
    }
    throw new EtcdIndeterminateError('The answer was lost.');
  }

  private call<T>(
    carry: () => Promise<T>,
    { signal, timeout = this.timeout }: CallOptions,
    late: () => EtcdError,
    mayHaveBeenApplied: boolean,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) return reject(new EtcdClosedError());
      if (signal?.aborted === true) return reject(new EtcdAbortedError({ cause: signal.reason }));
      const fail = (error: EtcdError) => {
        done();
        reject(error);
      };
      const abort = () => fail(new EtcdAbortedError({ cause: signal?.reason, mayHaveBeenApplied }));
      const cancel = this.clock.after(timeout, () => fail(late()));
      const done = () => {
        cancel();
        signal?.removeEventListener('abort', abort);
        this.calls.delete(fail);
      };
      this.calls.add(fail);
      signal?.addEventListener('abort', abort);
      carry().then(resolve, reject).finally(done);
    });
  }
}

/** What was done, or refused, to be told later. */
function outcome<T>(apply: () => T): () => T {
  try {
    const result = apply();
    return () => result;
  } catch (error) {
    return () => {
      throw error as Error;
    };
  }
}
