import { Observable } from 'rxjs';
import type { EtcdEvent, EtcdKey, EtcdNamespace, EtcdWatchOptions } from '../client/index.js';

/**
 * The events of a watch as an Observable, for a namespace or any other client: `GET /v2/keys/KEY?wait=true`. It is cold:
 * each subscription is a watch of its own, which unsubscribing closes. It completes when the client closes.
 *
 * What ends the watch is its error, wrong arguments included. Members that fail do not end it.
 *
 * @example
 * fromEtcdWatch(etcd.namespace('/config'), '/', { recursive: true, initial: true }).subscribe((event) => apply(event));
 */
export function fromEtcdWatch(
  etcd: Pick<EtcdNamespace, 'watch'>,
  key: EtcdKey,
  options: EtcdWatchOptions = {},
): Observable<EtcdEvent> {
  return new Observable((subscriber) => {
    const watcher = etcd.watch(key, options);
    const pump = async (): Promise<void> => {
      for await (const event of watcher) subscriber.next(event);
      subscriber.complete();
    };
    pump().catch((error: unknown) => subscriber.error(error));
    return () => void watcher.close();
  });
}
