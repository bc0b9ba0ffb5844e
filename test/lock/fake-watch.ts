import { EtcdAbortedError, type EtcdEvent, type EtcdWatchOptions } from 'nestjs-etcd/client';

import type { Change, FakeEtcd } from './fake-etcd.js';
import type { Network } from './fake-keys.js';

/** A watcher of a {@link FakeEtcd}: every change in order, or in place of some the present state. */
export class FakeWatch implements AsyncIterable<EtcdEvent> {
  onEnd: () => void = () => undefined;
  private readonly key: string;
  private readonly options: EtcdWatchOptions;
  private from: number;
  private isClosed = false;
  private wake: () => void = () => undefined;
  private end: () => void = () => undefined;
  private readonly over = new Promise<void>((resolve) => (this.end = resolve));

  constructor(
    private readonly etcd: FakeEtcd,
    private readonly network: Network,
    key: string,
    options: EtcdWatchOptions,
  ) {
    this.key = key;
    this.options = options;
    this.from = options.waitIndex ?? etcd.index + 1;
  }

  on(): this {
    return this;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.end();
    this.wake();
    this.onEnd();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<EtcdEvent, void, undefined> {
    const { signal } = this.options;
    const onChange = () => this.wake();
    this.etcd.watchers.add(onChange);
    signal?.addEventListener('abort', onChange);
    signal?.addEventListener('abort', this.end);
    try {
      while (!this.isOver()) {
        const change = this.find();
        if (change === undefined) await new Promise<void>((resolve) => (this.wake = resolve));
        else {
          const what = `event ${change.action} ${change.node.key}`;
          const isTold = this.network.fate(what) === 'answered';
          await Promise.race([this.network.way(what), this.over]);
          if (this.isOver()) break;
          const event = isTold ? this.event(change) : this.state();
          this.from = event.index + 1;
          yield event;
        }
      }
      if (signal?.aborted === true) throw new EtcdAbortedError({ cause: signal.reason });
    } finally {
      this.etcd.watchers.delete(onChange);
      signal?.removeEventListener('abort', onChange);
      signal?.removeEventListener('abort', this.end);
      this.onEnd();
    }
  }

  private isOver(): boolean {
    return this.isClosed || this.options.signal?.aborted === true;
  }

  private find(): Change | undefined {
    return this.etcd.changeFrom(this.from, this.key, this.options.recursive === true);
  }

  private event({ action, index, node, prevNode }: Change): EtcdEvent {
    const removal = action === 'delete' || action === 'compareAndDelete' || action === 'expire';
    const relation = node.key === this.key ? 'self' : node.dir ? 'ancestor' : 'descendant';
    const gone = removal && relation !== 'descendant';
    return { action, key: node.key, node, prevNode, index, removal, relation, gone };
  }

  private state(): EtcdEvent {
    const isThere = this.etcd.files.has(this.key);
    const node = isThere ? this.etcd.get(this.key).node : undefined;
    const { index } = this.etcd;
    const known = { added: [], changed: [], removed: [] };
    return { action: 'resync', reason: 'cleared', key: this.key, node, index, ...known };
  }
}
