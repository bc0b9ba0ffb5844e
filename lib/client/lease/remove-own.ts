import { EtcdClosedError } from '../errors/index.js';
import { pause } from './clock.js';
import type { LeaseContext } from './lease-context.js';
import { OwnKey } from './own-key.js';
import { isForeign, jittered, longestPause, shortestPause } from './trying.js';

/**
 * Removes a key of which no more is known than its value, which only its owner writes, and tries again until it is gone or
 * would be gone by itself: `GET /v2/keys/KEY?quorum=true`, and `DELETE` of what is found. It never rejects.
 *
 * @param until when the key expires, on the context's clock
 */
export async function removeOwn(
  context: LeaseContext,
  key: string,
  value: string,
  until: number,
): Promise<void> {
  const { keys, clock, timeout } = context;
  for (let wait = shortestPause; ; wait = Math.min(longestPause, 2 * wait)) {
    try {
      const { node } = await keys.get(key, { quorum: true, timeout });
      if (node.value === value) await new OwnKey(context, node, value).remove(until);
      return;
    } catch (error) {
      if (isForeign(error) || error instanceof EtcdClosedError) return;
    }
    if (clock.now() + wait >= until) return;
    await pause(clock, jittered(wait));
  }
}
