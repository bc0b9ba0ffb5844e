import { AsyncLocalStorage } from 'node:async_hooks';
import type { Scheduler } from 'fast-check';
import type { EtcdLockHandle } from 'nestjs-etcd/client';

import { Crowds } from '../../lib/client/lock/crowds.js';
import { EtcdNamedLock } from '../../lib/client/lock/lock.js';
import { Tidy } from '../../lib/client/lock/tidy.js';
import { Removals } from '../../lib/client/lease/removals.js';
import type { Held } from '../../lib/client/lease/lease-context.js';
import { FakeEtcd } from './fake-etcd.js';
import { type Fate, FakeKeys, type Network, type Write } from './fake-keys.js';
import { settled, VirtualClock } from './virtual-clock.js';

/** One thing that somebody does; `who` counts the contenders, and `which` the entries, or the locks that were acquired. */
export type Action =
  | { readonly do: 'acquire'; readonly who: number; readonly wait?: number; readonly patience?: number }
  | { readonly do: 'takeOver'; readonly who: number; readonly which: number }
  | { readonly do: 'close'; readonly who: number }
  | { readonly do: 'renew' | 'release' | 'overwrite' | 'delete'; readonly which: number }
  | { readonly do: 'deleteAll' }
  /** Nothing arrives meanwhile; with `isLeap` nobody notices at once. */
  | { readonly do: 'pass'; readonly milliseconds: number; readonly isLeap: boolean };

/** What happens, apart from the order in which the scheduler lets things arrive. */
export interface Story {
  readonly contenders: number;
  readonly ttl: number;
  /** What is done, and how many things arrive before the next is. */
  readonly actions: readonly { readonly action: Action; readonly arrivals: number }[];
  /** What becomes of the calls, in their order; those that come later are answered. */
  readonly fates: readonly Fate[];
  /** By how much entries outlive their TTL, in milliseconds. */
  readonly lateness: readonly number[];
  readonly ending: 'release' | 'close';
}

const directory = '/_locks/name';
/** More time passes at once only when nothing is on its way, in milliseconds. */
const longestStep = 40;
const longestStory = 8_000;

/** One process that contends for the lock. */
class Contender {
  readonly clock: VirtualClock;
  readonly keys: FakeKeys;
  readonly lock: EtcdNamedLock;
  readonly held = new Set<Held>();
  isClosed = false;
  private closing: Promise<void> | undefined;

  constructor(time: { now: number }, etcd: FakeEtcd, network: Network, ttl: number) {
    this.clock = new VirtualClock(time);
    this.keys = new FakeKeys(etcd, this.clock, network, 2_000);
    const quiet = () => undefined;
    const logger = { log: quiet, warn: quiet, error: quiet };
    const { clock, keys, held } = this;
    const context = {
      client: { id: 'contender', name: undefined },
      keys,
      clock,
      timeout: 2_000,
      logger,
      held,
      crowds: new Crowds(),
      prefix: '',
      removals: new Removals(),
      tidy: new Tidy(async () => undefined),
    };
    this.lock = new EtcdNamedLock({ ...context, running: new AsyncLocalStorage() }, 'name', { ttl });
  }

  /** As a client closes: what is held is given back within a second. */
  close(): Promise<void> {
    return (this.closing ??= (async () => {
      let cancel = () => undefined as void;
      const late = new Promise<void>((resolve) => (cancel = this.clock.after(1_000, resolve)));
      await Promise.race([Promise.all(Array.from(this.held, (held) => held.close())), late]);
      cancel();
      await this.keys.close();
      this.isClosed = true;
    })());
  }
}

/** Plays a story, and notes what must never happen. */
export class Contest {
  readonly faults: string[] = [];
  /** How often the lock was acquired. */
  acquired = 0;
  private readonly time = { now: 0 };
  private readonly etcd: FakeEtcd;
  private readonly contenders: Contender[];
  private readonly pending = new Set<Promise<void>>();
  /** Who has asked for an entry of a value to be written, and the values whose entries somebody else has touched. */
  private readonly owners = new Map<string, Contender>();
  private readonly adopted = new Set<string>();
  private readonly touched = new Set<string>();
  private readonly handles: EtcdLockHandle[] = [];
  private isOverwritten = false;
  private lastToken = 0;
  private fates: Fate[];
  private isTicking = false;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly story: Story,
  ) {
    this.fates = [...story.fates];
    const { lateness } = story;
    let expiries = 0;
    this.etcd = new FakeEtcd(
      () => this.time.now,
      () => lateness[expiries++ % lateness.length] ?? 0,
    );
    const network: Network = {
      way: (what) => this.scheduler.schedule(Promise.resolve(), what),
      fate: () => this.fates.shift() ?? 'answered',
    };
    this.contenders = Array.from({ length: story.contenders }, (_, number) => {
      const one = new Contender(this.time, this.etcd, network, story.ttl);
      one.keys.onWrite = (write) => this.onWrite(one, write);
      // A busy process calls late what is due.
      one.clock.dispatch = (call) =>
        void this.scheduler.schedule(Promise.resolve(), `timer of ${number}`).then(call);
      return one;
    });
  }

  async play(): Promise<readonly string[]> {
    for (const { action, arrivals } of this.story.actions) {
      this.act(action);
      await settled();
      this.look();
      for (let left = arrivals; left > 0; left--) await this.step();
    }
    await this.end();
    return this.faults;
  }

  private act(action: Action): void {
    if (action.do === 'pass') return this.passTime(action.milliseconds, action.isLeap);
    if (action.do === 'deleteAll') return this.deleteAll();
    if (!('who' in action)) return this.actOn(action.do, action.which);
    const one = this.contenders[action.who % this.contenders.length] as Contender;
    if (action.do === 'acquire') return this.acquire(one, action.wait, action.patience);
    if (action.do === 'takeOver') return this.takeOver(one, action.which);
    this.follow(one.close());
  }

  private actOn(how: 'renew' | 'release' | 'overwrite' | 'delete', which: number): void {
    if (how === 'overwrite' || how === 'delete') return this.steal(how, which);
    const { handles } = this;
    const handle = handles[which % handles.length];
    if (handle === undefined) return;
    if (how === 'renew') return this.follow(handle.renew());
    handles.splice(handles.indexOf(handle), 1);
    this.follow(handle.release());
  }

  /** `wait: 0` does not wait, and after `patience` milliseconds its signal is aborted. */
  private acquire(one: Contender, wait: number | undefined, patience: number | undefined): void {
    const ending = new AbortController();
    if (patience !== undefined) one.clock.after(patience, () => ending.abort());
    const options = { signal: ending.signal, ...(wait === undefined ? undefined : { wait }) };
    this.follow(one.lock.acquire(options).then((handle) => this.take(handle)));
  }

  private takeOver(one: Contender, which: number): void {
    const value = this.entry(which)?.value;
    if (value === undefined || one.isClosed) return;
    this.adopted.add(value);
    this.follow(one.lock.takeOver(value).then((handle) => this.take(handle)));
  }

  private take(handle: EtcdLockHandle): void {
    const { uuid, fencingToken } = handle;
    this.acquired++;
    this.handles.push(handle);
    if (this.touched.has(uuid) || !handle.isHeld) return;
    // An outsider's plain write gives an entry a new index in an old place.
    if (fencingToken < this.lastToken && !this.isOverwritten)
      this.faults.push(`the token ${fencingToken} comes after ${this.lastToken}`);
    this.lastToken = fencingToken;
    this.look();
  }

  private steal(how: 'overwrite' | 'delete', which: number): void {
    const entry = this.entry(which);
    if (entry === undefined) return;
    this.touched.add(entry.value);
    if (how === 'delete') return void this.etcd.delete(entry.key, {});
    this.isOverwritten = true;
    this.etcd.set(entry.key, 'an outsider', 2);
  }

  private deleteAll(): void {
    for (const { value } of this.etcd.files.values()) this.touched.add(value);
    this.etcd.deleteDirectory(directory);
  }

  private entry(which: number) {
    return [...this.etcd.files.values()][which % Math.max(1, this.etcd.files.size)];
  }

  private onWrite(one: Contender, { kind, key, value, prevValue }: Write): void {
    if (value !== undefined) this.owners.set(value, one);
    if (kind === 'append') return;
    const found = this.etcd.files.get(key)?.value;
    const isDone = found !== undefined && (prevValue === undefined || prevValue === found);
    if (!isDone) return;
    const isOwn = this.owners.get(found) === one;
    if (kind === 'swap' && this.adopted.has(found)) this.touched.add(found);
    else if (!isOwn) this.faults.push(`${kind} of another owner's ${key}`);
  }

  /** Lets one thing arrive, or some time pass, whatever the scheduler takes. */
  private async step(): Promise<void> {
    if (!this.isTicking && this.next !== undefined) {
      this.isTicking = true;
      void this.scheduler.schedule(Promise.resolve(), 'time passes').then(() => {
        this.isTicking = false;
        const rest = Math.max(0, (this.next ?? 0) - this.time.now);
        this.passTime(this.scheduler.count() === 0 ? rest : Math.min(rest, longestStep), false);
      });
    }
    if (this.scheduler.count() > 0) await this.scheduler.waitOne();
    await settled();
    this.look();
  }

  private passTime(milliseconds: number, isLeap: boolean): void {
    this.time.now += milliseconds;
    this.etcd.sweep();
    if (!isLeap) for (const { clock } of this.contenders) clock.fire();
  }

  /** When something is due next. */
  private get next(): number | undefined {
    const times = [this.etcd.next, ...this.contenders.map(({ clock }) => clock.next)];
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** At one moment nobody believes to hold it but one, and those whose entry somebody has touched. */
  private look(): void {
    const believers = this.handles.filter((handle) => !this.touched.has(handle.uuid) && handle.isHeld);
    if (believers.length > 1)
      this.faults.push(`at ${this.time.now} it is held by ${believers.map(({ key }) => key).join(' and ')}`);
  }

  private follow(work: Promise<unknown>): void {
    const ended: Promise<void> = work.then(
      () => undefined,
      () => undefined,
    );
    this.pending.add(ended);
    void ended.then(() => this.pending.delete(ended));
  }

  /** Everything is given back, and all time passes. */
  private async end(): Promise<void> {
    this.fates = [];
    if (this.story.ending === 'close') for (const one of this.contenders) this.follow(one.close());
    for (let left = longestStory; left > 0; left--) {
      for (const handle of this.handles.splice(0)) this.follow(handle.release());
      await this.step();
      if (this.scheduler.count() === 0 && this.next === undefined && this.pending.size === 0) break;
    }
    const left = {
      promises: this.pending.size,
      entries: this.etcd.files.size,
      timers: this.contenders.reduce((sum, { clock }) => sum + clock.pending, 0),
      calls: this.contenders.reduce((sum, { keys }) => sum + keys.pending, 0),
      watches: this.contenders.reduce((sum, { keys }) => sum + keys.watches.size, 0),
      held: this.contenders.reduce((sum, { held }) => sum + held.size, 0),
    };
    for (const [what, count] of Object.entries(left))
      if (count > 0) this.faults.push(`${count} ${what} are left at the end`);
  }
}
