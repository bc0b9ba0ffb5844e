import type { Call } from '../cluster/call.js';
import {
  EtcdAbortedError,
  EtcdClosedError,
  EtcdCompareFailedError,
  type EtcdError,
  EtcdIndeterminateError,
  EtcdKeyNotFoundError,
} from '../errors/index.js';
import type { EtcdRequest } from '../http/request.js';
import type { KeyStore } from './key-store.js';
import type { EtcdNode } from './node.js';
import type { EtcdAction, EtcdResult } from './result.js';

/** Milliseconds before a swap is sent again, plus up to as many by chance. */
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
      else if (doubt === undefined) throw error;
      else if (!isRefusal(error)) throw inDoubt(error, doubt);
      else {
        const change = await lookUp(store.firstChangeAfter(swap.key, swap.prevIndex, call), doubt);
        // History may have lost events, or hold none of a refresh: only the very change of `prevIndex` is proof.
        if (change?.prevNode?.modifiedIndex !== swap.prevIndex) throw doubt;
        if (change.node.value !== swap.value) throw error;
        if (swap.uniqueValue) return change;
        throw doubt;
      }
    }
    const milliseconds = pause * (1 + Math.random());
    if (milliseconds >= call.remaining()) throw doubt;
    await store.cluster.pause(call, milliseconds, true);
  }
}

/**
 * A write with a value that nobody else writes. It is sent once; when its answer is lost, `find` looks for the value
 * where it must be, and what is found was ours. What is not found may still come, so that the doubt stays.
 */
export async function writeUnique(
  store: KeyStore,
  request: EtcdRequest,
  write: { readonly key: string; readonly action: EtcdAction; find(node: EtcdNode): EtcdNode | undefined },
  call: Call,
): Promise<EtcdResult> {
  try {
    return await store.send(request, call);
  } catch (error) {
    if (!(error instanceof EtcdIndeterminateError)) throw error;
    const found = await lookUp(store.readBack(write.key, call), error);
    const node = found && write.find(found.node);
    if (found === undefined || node === undefined) throw error;
    return { ...found, node, action: write.action, created: write.action === 'create' };
  }
}

/** Looks for a value in the file that was written. */
export function inFile(value: string): (node: EtcdNode) => EtcdNode | undefined {
  return (node) => (node.value === value ? node : undefined);
}

/** Looks for a value among the files of the directory in which it was created. */
export function inDirectory(value: string): (node: EtcdNode) => EtcdNode | undefined {
  return (node) => node.children.find((child) => child.value === value);
}

/** A refusal that may be the echo of an earlier try of the same write. */
function isRefusal(error: unknown): boolean {
  return error instanceof EtcdCompareFailedError || error instanceof EtcdKeyNotFoundError;
}

/** A look at the store that fails leaves the doubt as it was. */
async function lookUp<T>(looking: Promise<T>, doubt: EtcdIndeterminateError): Promise<T> {
  try {
    return await looking;
  } catch (error) {
    throw inDoubt(error, doubt);
  }
}

/** What a call fails with that ends while a write of it is in doubt. */
function inDoubt(error: unknown, doubt: EtcdIndeterminateError): EtcdError {
  const details = { attempts: doubt.attempts, mayHaveBeenApplied: true };
  if (error instanceof EtcdAbortedError) return new EtcdAbortedError({ ...details, cause: error.cause });
  return error instanceof EtcdClosedError ? new EtcdClosedError(details) : doubt;
}
