import type { Call } from '../cluster/call.js';
import {
  EtcdCompareFailedError,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
  EtcdNotFileError,
  EtcdOptionsError,
  EtcdTimeoutError,
} from '../errors/index.js';
import { checkValue } from './check-options.js';
import type { EtcdModifyOptions } from './key-options.js';
import { putRequest } from './key-requests.js';
import type { KeyStore } from './key-store.js';
import type { EtcdNode } from './node.js';
import type { EtcdResult } from './result.js';
import { inFile, swapByIndex, writeUnique } from './settle.js';

/** Computes the new value from the present one; `undefined` leaves the key as it is. It may be called several times. */
export type EtcdChange = (
  value: string | undefined,
  node: EtcdNode | undefined,
) => string | undefined | Promise<string | undefined>;

const shortestPause = 5;
const longestPause = 200;

/** Reads, computes and writes under the condition that nobody else has written meanwhile, again and again until it holds. */
export async function modify(
  store: KeyStore,
  key: string,
  change: EtcdChange,
  options: EtcdModifyOptions,
  call: Call,
): Promise<EtcdResult | undefined> {
  for (let round = 0; ; round++) {
    const present = await store.readBack(key, call);
    if (present?.node.dir === true) {
      throw new EtcdNotFileError(`modify ${key}: it is a directory, which has no value.`, { reason: key });
    }
    const value = await change(present?.node.value, present?.node);
    if (value === undefined) return present;
    if (call.remaining() <= 0) {
      throw new EtcdTimeoutError(
        `modify ${key}: \`change\` went on beyond the ${call.timeout} ms of the call; nothing was written.`,
      );
    }
    try {
      return await write(store, key, checkValue(value), present?.node, options, call);
    } catch (error) {
      if (!isLostRace(error)) throw error;
      const pause = Math.min(longestPause, shortestPause * 2 ** round) * Math.random();
      if (pause >= call.remaining()) {
        throw new EtcdTimeoutError(
          `modify ${key}: others were faster each time within ${call.timeout} ms; give it a longer \`timeout\`.`,
          { cause: error },
        );
      }
      await store.cluster.pause(call, pause, false);
    }
  }
}

function write(
  store: KeyStore,
  key: string,
  value: string,
  present: EtcdNode | undefined,
  { ttl, uniqueValue = false }: EtcdModifyOptions,
  call: Call,
): Promise<EtcdResult> {
  if (present === undefined) {
    const request = putRequest('PUT', key, { value, ttl: ttl ?? undefined, prevExist: false });
    return uniqueValue
      ? writeUnique(store, request, { key, action: 'create', find: inFile(value) }, call)
      : store.send(request, call);
  }
  checkTtlDecision(present, ttl);
  const prevIndex = present.modifiedIndex;
  const request = putRequest('PUT', key, { value, ttl: ttl ?? undefined, prevIndex });
  return swapByIndex(store, request, { key, value, prevIndex, uniqueValue }, call);
}

/** etcd drops the TTL of a key that is written without one; for a key read before, that is asked, and not assumed. */
export function checkTtlDecision(node: EtcdNode, ttl: number | null | undefined): void {
  if (node.ttl !== undefined && ttl === undefined) {
    throw new EtcdOptionsError(
      'ttl',
      `${node.key} expires in ${node.ttl} s, and a write without \`ttl\` would make it permanent; give the new seconds to live, or null to make it permanent`,
    );
  }
}

function isLostRace(error: unknown): boolean {
  return (
    error instanceof EtcdCompareFailedError ||
    error instanceof EtcdKeyExistsError ||
    error instanceof EtcdKeyNotFoundError
  );
}
