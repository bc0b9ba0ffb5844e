import type { EtcdChannelMessages, EtcdChannelName } from '../client/index.js';

/** A channel's name without the package's, with dots: `nestjs-etcd:lock:held` is `lock.held`. */
export type EtcdDiagnosticsType<Name extends EtcdChannelName = EtcdChannelName> =
  Name extends `nestjs-etcd:${infer Group}:${infer End}` ? `${Group}.${End}` : never;

/** What a client tells on a diagnostics channel, as an event of its service. */
export type EtcdDiagnosticsEvent = {
  [Name in EtcdChannelName]: EtcdChannelMessages[Name] & {
    readonly type: EtcdDiagnosticsType<Name>;
    /** Name of the connection; `undefined` for the default one. */
    readonly connection: string | undefined;
  };
}[EtcdChannelName];
