import type { Dispatcher } from 'undici';
/** Basic auth of etcd v2; sent as UTF-8, and only to members that are configured or proven to be of the cluster. */
export interface EtcdAuthOptions {
  /** User name; must not contain `:`. */
  readonly username: string;
  /** Password. It never appears in a log, an error or the output of `inspect`. */
  readonly password: string;
}

/**
 * TLS of every member. `ca`, `cert` and `key` are each PEM text, a Buffer with PEM text, or the path of a PEM file.
 * Files are read again for new connections when they have changed, so that certificates rotate without a restart.
 */
export interface EtcdTlsOptions {
  /** Certificate authorities to trust instead of the system's. */
  readonly ca?: string | Buffer;
  /** Client certificate; needs {@link key}. */
  readonly cert?: string | Buffer;
  /** Key of the client certificate. */
  readonly key?: string | Buffer;
  /** Passphrase of {@link key}. */
  readonly passphrase?: string;
  /** Name to ask for (SNI) and to check the certificate against, where it is not the host of the URL. */
  readonly serverName?: string;
  /** `false` accepts any certificate: for tests only. @default true */
  readonly rejectUnauthorized?: boolean;
}

/** Discovery of members through DNS SRV records. */
export interface EtcdSrvOptions {
  /** Domain to ask, e.g. `example.org` for `_etcd-client._tcp.example.org`. */
  readonly domain: string;
  /** DNS servers to ask instead of the system's, e.g. `['10.0.0.53']` or `['127.0.0.1:5353']`. */
  readonly servers?: readonly string[];
}

/** How the members' advertised addresses are learned. */
export interface EtcdSyncOptions {
  /** Milliseconds from one look at the member list to the next. @default 60000 */
  readonly interval?: number;
  /**
   * Decides about an advertised address. Whatever it says, only `http:` and `https:` URLs with the scheme of the
   * configured hosts are used, and none before it has proven its cluster id.
   * @default refuses link-local, unspecified and multicast addresses, and loopback ones unless a configured host is on the same address
   */
  readonly accept?: (url: URL) => boolean;
}

/** How watches are kept alive. */
export interface EtcdWatchKeepingOptions {
  /**
   * Milliseconds of silence after which a watch is re-armed: another one is opened beside it, on another member where
   * there is one, looks into the history, and takes over. In a busy store that happens sooner, so that the index of a
   * quiet key does not fall out of etcd's history. A change that a silent or cut-off member keeps back is told this
   * much later at most, plus the time for one try. Less than 350 counts as 350; with more than 100 different watches it is 20 for each of
   * them. @default 2000
   */
  readonly rearm?: number;
}

/** Where the client writes its few lines: one when a member or the cluster is lost, one when it is back. */
export interface EtcdLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** In which order members are asked. The one that answered last is kept (pinned) until it fails. */
export type EtcdMemberOrder = 'random' | 'given' | 'leader';

/** Options of an {@link EtcdClient}, checked when it is made. Times are in milliseconds. */
export interface EtcdClientOptions {
  /**
   * One address or several: URLs, or `host:port`, for which `http:` is assumed (`https:` with {@link tls}). A host
   * without a port and a scheme gets port 2379. A path is a prefix before `/v2`, for servers behind a proxy.
   * @default 'http://127.0.0.1:2379'
   */
  readonly hosts?: string | readonly string[];
  /** DNS SRV discovery in place of {@link hosts}: a domain, or a domain and the DNS servers to ask. */
  readonly srv?: string | EtcdSrvOptions;
  /** Credentials. @default none */
  readonly auth?: EtcdAuthOptions;
  /** TLS options; they need `https:` hosts. @default the system's trust for `https:` hosts */
  readonly tls?: EtcdTlsOptions;
  /**
   * Sends the requests in place of connections of the client's own: any dispatcher of undici 7, such as the one of an `EmbeddedEtcd`, or a
   * proxy's. It is not closed with the client. TLS options and timeouts of connections are its own. It must not repeat requests as
   * `RetryAgent` does, or writes can be doubled without a word. @default connections of its own
   */
  readonly dispatcher?: Dispatcher;
  /** The whole deadline of a call, over all tries. @default 5000 */
  readonly timeout?: number;
  /**
   * How long one member may stay silent before the next one is tried.
   * @default 800, or 3000 with {@link auth}, since etcd v2 spends 0.1 s or more on each password check
   */
  readonly tryTimeout?: number;
  /** Connections to one member at most; requests beyond it wait for a free one. @default 32 */
  readonly connections?: number;
  /** Learn the members' advertised addresses. Turn it off where only the given hosts can be reached. @default true */
  readonly sync?: boolean | EtcdSyncOptions;
  /** `random`, `given` (as in {@link hosts}), or `leader` (the leader first; needs {@link sync}). @default 'random' */
  readonly order?: EtcdMemberOrder;
  /** Make every read linearizable (`quorum=true`), unless the call says otherwise. @default false */
  readonly quorum?: boolean;
  /** The only cluster to talk to, as in `X-Etcd-Cluster-Id`. @default the first one that answers */
  readonly clusterId?: string;
  /** How watches are kept alive. */
  readonly watch?: EtcdWatchKeepingOptions;
  /** Longest answer that is accepted, in bytes. @default 33554432 (32 MiB) */
  readonly maxResponseBytes?: number;
  /** Takes the few lines that the client writes. @default nothing is written */
  readonly logger?: EtcdLogger;
}

/** What every call accepts. */
export interface EtcdCallOptions {
  /** Ends the call with {@link EtcdAbortedError}. */
  readonly signal?: AbortSignal;
  /** The whole deadline of this call in milliseconds. @default the client's `timeout` */
  readonly timeout?: number;
}
