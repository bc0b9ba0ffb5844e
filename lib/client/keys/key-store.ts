import type { Call } from '../cluster/call.js';
import type { Cluster } from '../cluster/cluster.js';
import { EtcdAbortedError, EtcdClosedError, EtcdKeyNotFoundError } from '../errors/index.js';
import type { EtcdRequest } from '../http/request.js';
import { getRequest, watchRequest } from './key-requests.js';
import { readResult, type EtcdResult } from './result.js';

/** How long a change is waited for that the history must hold, in milliseconds. */
const historyTimeout = 3_000;

/** Carries out single requests for keys under a prefix, and settles lost answers to writes that can prove their author. */
export class KeyStore {
  constructor(
    readonly cluster: Cluster,
    readonly prefix: string,
  ) {}

  /** The key's path in the store. */
  full(key: string): string {
    return this.prefix === '' ? key : key === '/' ? this.prefix : this.prefix + key;
  }

  send(request: EtcdRequest, call: Call): Promise<EtcdResult> {
    return this.cluster.request(request, call, (answer) => readResult(answer, this.prefix));
  }

  /** A linearizable read of a path in the store; `undefined` when there is no such key. */
  async readBack(fullKey: string, call: Call): Promise<EtcdResult | undefined> {
    try {
      return await this.send(getRequest(fullKey, {}, true), call);
    } catch (error) {
      if (error instanceof EtcdKeyNotFoundError) return undefined;
      throw error;
    }
  }

  /**
   * The first change of a key after an index, out of etcd's history; `undefined` when it is gone from there, or was
   * a refresh, which leaves no event.
   */
  async firstChangeAfter(fullKey: string, index: number, call: Call): Promise<EtcdResult | undefined> {
    const bounded = call.within(historyTimeout);
    try {
      for (let waitIndex = index + 1; ;) {
        const { key, change } = await this.cluster.request(
          watchRequest(fullKey, { waitIndex }),
          bounded,
          (answer) => ({
            key: readResult(answer, '').node.key,
            change: readResult(answer, this.prefix),
          }),
        );
        // The history also matches directories that were removed and whose name is only the beginning of this one.
        if (key === fullKey || key === '/' || fullKey.startsWith(`${key}/`)) return change;
        waitIndex = change.node.modifiedIndex + 1;
      }
    } catch (error) {
      if (error instanceof EtcdClosedError || error instanceof EtcdAbortedError) throw error;
      return undefined;
    }
  }
}
