import { setTimeout as sleep } from 'node:timers/promises';

import type { EtcdClient } from 'nestjs-etcd/client';

import type { IndexLedger } from './index-ledger.js';

/** A key that comes and goes, with its directory as well. */
export const hotKey = '/w1/d1/hot';

/** Milliseconds between two writes. */
const pause = 8;

/** Changes keys below `/w1` in all the ways that etcd has, and notes each in the ledger. */
export class MixedWriter {
  #step = 0;
  /** Index of this writer's own key, where it is known. */
  #own: number | undefined;

  constructor(
    private readonly name: string,
    private readonly client: EtcdClient,
    private readonly ledger: IndexLedger,
  ) {}

  async writeUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#write(++this.#step);
      await sleep(pause);
    }
  }

  async #write(step: number): Promise<unknown> {
    const { client, ledger, name } = this;
    const value = `${name}-${step}`;
    const directory = `/w1/d${step % 7}`;
    const own = `/w1/own-${name}`;
    switch (step % 12) {
      case 0:
        return ledger.write(() => client.create(`/w1/created/${value}`, value));
      case 1:
      case 2:
        return this.#swap(own, value);
      case 3:
        return ledger.write(() => client.delete(`${directory}/k${(step * 5) % 11}`));
      case 4:
        return ledger.write(() => client.set(`/w1/short-lived/${value}`, value, { ttl: 1 }));
      case 5:
        return ledger.write(() => client.append('/w1/queue', value, { ttl: 3 }));
      case 6:
        return this.#renewLease();
      case 7:
        return ledger.write(() => client.mkdir(`${directory}/deep/${value}`, { ttl: 2 }));
      case 8:
        return this.#removeDirectory(directory, Math.floor(step / 12));
      case 9:
        return ledger.write(() => client.set(hotKey, value));
      case 10:
        return ledger.write(() => client.delete(hotKey));
      default:
        return ledger.write(() => client.set(`${directory}/k${step % 11}`, value));
    }
  }

  /** Not every time, so that the directories have something to lose. */
  async #removeDirectory(directory: string, round: number): Promise<void> {
    if (round % 3 !== 0) return;
    const key = round % 2 === 0 ? '/w1/created' : directory;
    await this.ledger.write(() => this.client.delete(key, { recursive: true }));
  }

  async #swap(key: string, value: string): Promise<void> {
    const prevIndex = this.#own;
    const result = await this.ledger.write(() =>
      prevIndex === undefined
        ? this.client.set(key, value)
        : this.client.compareAndSwap(key, value, { prevIndex }),
    );
    this.#own = result?.node.modifiedIndex;
  }

  /** Keeps a key alive as services do: a refresh has no event. */
  async #renewLease(): Promise<void> {
    const key = `/w1/lease-${this.name}`;
    const renewed = await this.ledger.write(() => this.client.refresh(key, 2), { silent: true });
    if (renewed === undefined) await this.ledger.write(() => this.client.set(key, this.name, { ttl: 2 }));
  }
}

/** Writes as fast as `width` callers can, which is faster than a watcher that is cut off may miss. */
export async function burst(
  client: EtcdClient,
  ledger: IndexLedger,
  directory: string,
  count: number,
  width = 16,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) {
        const number = next++;
        await ledger.write(() => client.set(`${directory}/k${number % 50}`, String(number)));
      }
    }),
  );
}
