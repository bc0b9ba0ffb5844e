import type { Call } from '../cluster/call.js';
import {
  EtcdCompareFailedError,
  EtcdIndeterminateError,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
} from '../errors/index.js';
import type { EtcdRequest } from '../http/request.js';
import type { KeyStore } from './key-store.js';
import type { EtcdAction, EtcdResult } from './result.js';

/** Milliseconds before a write is sent again, plus up to as many by chance. */
const pause = 50;

/**
 * A compare-and-swap on `prevIndex`, sent until its outcome is known. To send it again is safe, because an index never
 * comes back: of all tries at most one is applied. When the key has moved on, the first change after `prevIndex` in
 * etcd's history tells whose write won. Only the same value written by somebody else leaves a doubt, which
 * `uniqueValue` rules out.
 */
export async function swapByIndex(
  store: KeyStore,
  request: EtcdRequest,
  swap: {
    readonly key: string;
    readonly value: string;
    readonly prevIndex: number;
    readonly uniqueValue: boolean;
  },
  call: Call,
): Promise<EtcdResult> {
  let doubt: EtcdIndeterminateError | undefined;
  for (;;) {
    try {
      return await store.send(request, call);
    } catch (error) {
      if (error instanceof EtcdIndeterminateError) doubt = error;
      else if (doubt === undefined || !isRefusal(error)) throw doubt ?? error;
      else {
        const change = await store.firstChangeAfter(swap.key, swap.prevIndex, call);
        if (change === undefined) throw doubt;
        if (change.node.value !== swap.value) throw error;
        if (swap.uniqueValue) return change;
        throw doubt;
      }
    }
    await pauseOrThrow(store, call, doubt);
  }
}

/**
 * A conditional write with a value that nobody else writes, sent until its outcome is known: where the key holds the
 * value, the write was ours. A refusal after a lost answer proves nothing otherwise, and stays indeterminate.
 */
export async function writeUnique(
  store: KeyStore,
  request: EtcdRequest,
  write: { readonly key: string; readonly value: string; readonly action: EtcdAction },
  call: Call,
): Promise<EtcdResult> {
  let doubt: EtcdIndeterminateError | undefined;
  for (;;) {
    try {
      return await store.send(request, call);
    } catch (error) {
      if (error instanceof EtcdIndeterminateError) doubt = error;
      else if (doubt === undefined || !isRefusal(error)) throw doubt ?? error;
      const found = await readOr(doubt, store.readBack(write.key, call));
      if (found?.node.value === write.value)
        return { ...found, action: write.action, created: write.action === 'create' };
      if (error !== doubt) throw doubt;
    }
    await pauseOrThrow(store, call, doubt);
  }
}

/** An in-order creation with a value that nobody else writes: never sent twice, but looked for in its directory. */
export async function appendUnique(
  store: KeyStore,
  request: EtcdRequest,
  append: { readonly directory: string; readonly value: string },
  call: Call,
): Promise<EtcdResult> {
  try {
    return await store.send(request, call);
  } catch (error) {
    if (!(error instanceof EtcdIndeterminateError)) throw error;
    const directory = await readOr(error, store.readBack(append.directory, call));
    const node = directory?.node.children.find(({ value }) => value === append.value);
    if (directory === undefined || node === undefined) throw error;
    return { ...directory, node, action: 'create', created: true };
  }
}

/** A refusal that may be the echo of an earlier try of the same write. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof EtcdCompareFailedError ||
    error instanceof EtcdKeyExistsError ||
    error instanceof EtcdKeyNotFoundError
  );
}

/** A read-back that fails leaves the doubt as it was. */
async function readOr(
  doubt: EtcdIndeterminateError,
  reading: Promise<EtcdResult | undefined>,
): Promise<EtcdResult | undefined> {
  try {
    return await reading;
  } catch {
    throw doubt;
  }
}

async function pauseOrThrow(store: KeyStore, call: Call, doubt: EtcdIndeterminateError): Promise<void> {
  const milliseconds = pause * (1 + Math.random());
  if (milliseconds >= call.remaining()) throw doubt;
  await store.cluster.pause(call, milliseconds, true);
}
