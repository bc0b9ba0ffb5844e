import { describe, expect, it } from '@jest/globals';
import type { EtcdCache, EtcdCacheChange } from '../watch/index.js';
import { EtcdConfig } from './config.js';

type Listener = (argument: never) => void;

/** A cache whose files a test sets. */
class FakeCache {
  readonly ready = Promise.resolve();
  index = 0;
  readonly #files = new Map<string, { value: string }>();
  readonly #listeners = new Map<string, Listener>();

  set(key: string, value: string): void {
    this.index++;
    this.#files.set(key, { value });
    const change = { type: 'changed', key, node: { value } } as EtcdCacheChange;
    (this.#listeners.get('changes') as ((changes: EtcdCacheChange[]) => void) | undefined)?.([change]);
  }

  on(name: string, listener: Listener): void {
    this.#listeners.set(name, listener);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.iterator](): Iterator<[string, { value: string }]> {
    return this.#files[Symbol.iterator]();
  }
}

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('States', () => {
  it('looks at many changes that come at once together', async () => {
    const cache = new FakeCache();
    cache.set('/config/n', '0');
    const checked: unknown[] = [];
    const schema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => {
          checked.push((value as { n: number }).n);
          return { value: value as { n: number } };
        },
      },
    } as const;
    const etcd = { cache: () => cache as unknown as EtcdCache };
    const config = new EtcdConfig(etcd, silent, '/config', { schema });
    await config.ready;
    const sees = async (n: number): Promise<void> => {
      while (config.value.n !== n) await new Promise(setImmediate);
    };
    cache.set('/config/n', '1');
    await sees(1);
    for (let n = 2; n <= 1_000; n++) cache.set('/config/n', String(n));
    await sees(1_000);
    expect(config.index).toBe(1_001);
    // The first one may be looked at before the others have come.
    expect(checked.filter((n) => n !== 2)).toEqual([0, 1, 1_000]);
    await config.close();
  });
});
