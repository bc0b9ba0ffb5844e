import { EtcdClosedError, EtcdEventIndexClearedError, EtcdTimeoutError } from '../errors/index.js';
import { checkMilliseconds, checkNames } from '../options/check.js';
import type { EtcdChangeEvent } from './events.js';
import type { EtcdWatchOptions } from './watch-options.js';
import type { EtcdWatcher } from './watcher.js';

/** How a change is waited for. */
export interface EtcdWaitOptions extends Pick<EtcdWatchOptions, 'recursive' | 'waitIndex' | 'signal'> {
  /** Milliseconds to wait. @default without an end */
  readonly timeout?: number;
}

const names = new Set(['recursive', 'waitIndex', 'signal', 'timeout']);

/** The first change that a watcher tells. */
export async function waitForChange(
  watch: (options: EtcdWatchOptions) => EtcdWatcher,
  options: EtcdWaitOptions,
): Promise<EtcdChangeEvent> {
  checkNames('options of waitForChange', options, names);
  const { timeout, ...rest } = options;
  if (timeout !== undefined) checkMilliseconds('timeout', timeout);
  const watcher = watch(rest);
  let isLate = false;
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(() => {
          isLate = true;
          void watcher.close();
        }, timeout);
  try {
    const { value: event } = await watcher.next();
    if (event?.action === 'resync') {
      const why =
        event.reason === 'reset'
          ? `\`waitIndex\` is beyond the store's index ${event.index}, or the store was rebuilt`
          : "changes since then have left etcd's history";
      throw new EtcdEventIndexClearedError(
        `waitForChange ${watcher.key}: ${why}; read the key, and wait from its \`etcdIndex + 1\`.`,
        { index: event.index },
      );
    }
    if (event !== undefined) return event;
  } finally {
    clearTimeout(timer);
    await watcher.close();
  }
  if (isLate) throw new EtcdTimeoutError(`waitForChange ${watcher.key}: no change within ${timeout} ms.`);
  throw new EtcdClosedError();
}
