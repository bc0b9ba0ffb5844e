import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EtcdChannelMessages, EtcdChannelName } from './channels.js';

/**
 * Calls a listener with each message of a channel, of all clients of the process: Node's
 * `diagnostics_channel.subscribe`, with the type of the message. It is called at once, in the midst of what it tells, so
 * that it must be quick; what it throws becomes an `uncaughtException`.
 *
 * @returns what takes the listener back
 * @example
 * const stop = subscribeEtcd('nestjs-etcd:lock:held', ({ name, waited }) => console.log(name, 'after', waited));
 */
export function subscribeEtcd<Name extends EtcdChannelName>(
  name: Name,
  listener: (message: EtcdChannelMessages[Name]) => void,
): () => void {
  const call = (message: unknown): void => listener(message as EtcdChannelMessages[Name]);
  subscribe(name, call);
  return () => void unsubscribe(name, call);
}
