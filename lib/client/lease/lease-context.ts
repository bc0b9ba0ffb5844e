import type { EtcdClientIdentity } from '../diagnostics/index.js';
import type { EtcdNamespace } from '../etcd-namespace.js';
import { EtcdClosedError } from '../errors/index.js';
import type { EtcdLogger } from '../options/index.js';
import type { Clock } from './clock.js';
import type { Removals } from './removals.js';

/** What of the keys a lease is built from: public methods, so that anybody could build it. */
export type LeaseKeys = Pick<
  EtcdNamespace,
  'append' | 'create' | 'set' | 'get' | 'refresh' | 'compareAndSwap' | 'compareAndDelete' | 'watch'
>;

/** Something that is held, waited for or kept alive until the client closes. */
export interface Held {
  /** Gives it back. It never rejects; who closes the client waits for it only for a while. */
  close(): Promise<void>;
}

/** What leases, locks and elections need of their client. @internal */
export interface LeaseContext {
  /** Whose leases they are. */
  readonly client: EtcdClientIdentity;
  readonly keys: LeaseKeys;
  readonly clock: Clock;
  /** The client's `timeout`, in milliseconds. */
  readonly timeout: number;
  readonly logger: EtcdLogger;
  /** What is to be given back when the client closes. */
  readonly held: Set<Held>;
  /** The prefix of the namespace, which tells keys of one name apart. */
  readonly prefix: string;
  /** What is cleared away in the background. */
  readonly removals: Removals;
}

/** Waits for work; what comes of it when the client closes meanwhile is given back. @throws {EtcdClosedError} then */
export async function holdWhile<T>(
  held: Set<Held>,
  work: Promise<T>,
  giveBack: (got: T) => Promise<unknown>,
): Promise<T> {
  let isClosing = false;
  const working: Held = {
    close: async () => {
      isClosing = true;
      await work.then(giveBack, () => undefined);
    },
  };
  held.add(working);
  try {
    const got = await work;
    if (isClosing) throw new EtcdClosedError();
    return got;
  } finally {
    held.delete(working);
  }
}
