import { Observable, share } from 'rxjs';
import {
  etcdChannelNames,
  subscribeEtcd,
  type EtcdChannelName,
  type EtcdClientIdentity,
} from '../client/index.js';
import type { EtcdDiagnosticsEvent } from '../interfaces/index.js';

/**
 * What one client tells on the diagnostics channels. They are listened to while this is subscribed to, and once for all
 * who do, so that nobody pays for what nobody hears.
 */
export function diagnosticsEventsOf(client: EtcdClientIdentity): Observable<EtcdDiagnosticsEvent> {
  return new Observable<EtcdDiagnosticsEvent>((subscriber) => {
    const stops = etcdChannelNames.map((name) => {
      const type = typeOf(name);
      return subscribeEtcd(name, (message) => {
        if (message.client !== client) return;
        // The message itself gets more in it at its end.
        subscriber.next({ ...message, type, connection: client.name } as EtcdDiagnosticsEvent);
      });
    });
    return () => stops.forEach((stop) => stop());
  }).pipe(share());
}

function typeOf(name: EtcdChannelName): string {
  return name.split(':').slice(1).join('.');
}
