import type { EtcdClientOptions, EtcdWatchKeepingOptions } from '../client/index.js';

/**
 * Options of one connection: all of {@link EtcdClientOptions}, when to connect, and what becomes of `@EtcdWatch`. They
 * are checked when the application starts, and the object is never changed.
 *
 * Without a `logger`, the connection writes to Nest's, with the context `EtcdModule`, or `EtcdModule:NAME` for a
 * named one: one line when a member or the cluster is lost, and one when it is back.
 */
export interface EtcdModuleOptions extends Omit<EtcdClientOptions, 'watch'> {
  /**
   * `lazy`: the first request connects, and the application starts without etcd. `eager`: the application starts
   * only when etcd has answered one `GET /v2/auth/enable` within {@link timeout}, and fails to start otherwise. Credentials
   * are not checked by it, because etcd gives the same answer to a wrong password and to a missing permission.
   * @default 'lazy'
   */
  readonly connect?: 'lazy' | 'eager';
  /**
   * `false` starts no `@EtcdWatch` of this connection in this process: for command-line tools and tests. Otherwise how
   * watches are kept alive. What the application watches by itself goes on working either way.
   */
  readonly watch?: false | EtcdWatchKeepingOptions;
  /**
   * `false` takes part in no election of `@EtcdLeader` and `@LeaderOnly` in this process: for command-line tools and tests. The methods
   * are not called then. @default true
   */
  readonly leaders?: boolean;
  /** Milliseconds for which the shutdown waits for methods with `@EtcdWatch` and `@EtcdLeader` that still run. @default 5000 */
  readonly shutdownTimeout?: number;
}

/** What stands beside the options in `forRoot`, and beside the factory in `forRootAsync`. */
export interface EtcdModuleExtras {
  /** Make the connection injectable in every module without importing it there. @default false */
  readonly isGlobal?: boolean;
  /** Name of a further connection, which is then injected by `@InjectEtcd(name)`. @default the default connection */
  readonly name?: string;
}
