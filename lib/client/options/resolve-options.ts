import { Resolver } from 'node:dns';
import type { Dispatcher } from 'undici';
import { EtcdOptionsError } from '../errors/index.js';
import { parseHost } from './host.js';
import { checkBoolean, checkInteger, checkMilliseconds, checkNames, checkText, show } from './check.js';
import type {
  EtcdAuthOptions,
  EtcdClientOptions,
  EtcdLogger,
  EtcdMemberOrder,
  EtcdSrvOptions,
  EtcdSyncOptions,
  EtcdTlsOptions,
  EtcdWatchKeepingOptions,
} from './client-options.js';

/** The options after the check, with every default in place. */
export interface ResolvedOptions {
  readonly hosts: readonly URL[];
  readonly srv: EtcdSrvOptions | undefined;
  /** Value of the `Authorization` header. */
  readonly authorization: string | undefined;
  readonly tls: EtcdTlsOptions | undefined;
  /** Somebody else's. */
  readonly dispatcher: Dispatcher | undefined;
  readonly timeout: number;
  readonly tryTimeout: number;
  readonly connections: number;
  readonly sync: (Required<Pick<EtcdSyncOptions, 'interval'>> & Pick<EtcdSyncOptions, 'accept'>) | undefined;
  readonly order: EtcdMemberOrder;
  readonly quorum: boolean;
  readonly clusterId: string | undefined;
  readonly maxResponseBytes: number;
  readonly watch: Required<EtcdWatchKeepingOptions>;
  readonly logger: EtcdLogger;
}

/** The names of all options of a client. */
export const optionNames: ReadonlySet<string> = new Set([
  'hosts', 'srv', 'auth', 'tls', 'dispatcher', 'timeout', 'tryTimeout', 'connections', 'sync', 'order', 'quorum', 'clusterId', 'maxResponseBytes', 'watch', 'logger',
]); // prettier-ignore
const authNames = new Set(['username', 'password']);
const tlsNames = new Set(['ca', 'cert', 'key', 'passphrase', 'serverName', 'rejectUnauthorized']);
const srvNames = new Set(['domain', 'servers']);
const syncNames = new Set(['interval', 'accept']);
const watchNames = new Set(['rearm']);
const orders = new Set(['random', 'given', 'leader']);
const idOfCluster = /^[1-9a-f][0-9a-f]{0,15}$/;
/** Without a scheme, so that it becomes `https:` with `tls`. */
const defaultHost = '127.0.0.1:2379';
const silent: EtcdLogger = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Checks the options and fills in the defaults. @throws {EtcdOptionsError} which names the option, the value and the fix */
export function resolveOptions(options: EtcdClientOptions = {}): ResolvedOptions {
  checkNames('options', options, optionNames);
  if ('hosts' in options && options.hosts === undefined)
    throw new EtcdOptionsError('hosts', 'it is given as undefined; leave it out for http://127.0.0.1:2379');
  const {
    hosts = defaultHost,
    timeout = 5_000,
    tryTimeout = options.auth === undefined ? 800 : 3_000,
    connections = 32,
    order = 'random',
    quorum = false,
    clusterId,
    maxResponseBytes = 32 * 1024 * 1024,
    logger = silent,
  } = options;
  checkMilliseconds('timeout', timeout);
  checkMilliseconds('tryTimeout', tryTimeout);
  checkInteger('connections', connections, 1, 65_535, 'connections');
  checkInteger('maxResponseBytes', maxResponseBytes, 1, Number.MAX_SAFE_INTEGER, 'bytes');
  checkBoolean('quorum', quorum);
  if (!orders.has(order))
    throw new EtcdOptionsError('order', `expected 'random', 'given' or 'leader', got ${show(order)}`);
  if (clusterId !== undefined && (typeof clusterId !== 'string' || !idOfCluster.test(clusterId))) {
    throw new EtcdOptionsError(
      'clusterId',
      `expected the id as in X-Etcd-Cluster-Id (hexadecimal in lower case, no zeros in front), got ${show(clusterId)}`,
    );
  }
  checkLogger(logger);
  const tls = resolveTls(options.tls);
  checkDispatcher(options);
  const srv = resolveSrv(options);
  const sync = resolveSync(options.sync);
  if (order === 'leader' && sync === undefined) {
    throw new EtcdOptionsError(
      'order',
      "'leader' needs `sync`, because the leader is found in the list of members",
    );
  }
  return {
    hosts: srv === undefined ? resolveHosts(hosts, tls) : [],
    srv,
    authorization: resolveAuth(options.auth),
    tls,
    dispatcher: options.dispatcher,
    timeout,
    tryTimeout,
    connections,
    sync,
    order,
    quorum,
    clusterId,
    maxResponseBytes,
    watch: resolveWatch(options.watch),
    logger: guarded(logger),
  };
}

/** A logger that fails must not end a request, or the process. */
export function guarded(logger: EtcdLogger): EtcdLogger {
  const write = (level: keyof EtcdLogger, message: string): void => {
    try {
      logger[level](message);
    } catch {
      // There is nobody left to tell.
    }
  };
  return {
    log: (message) => write('log', message),
    warn: (message) => write('warn', message),
    error: (message) => write('error', message),
  };
}

function resolveHosts(hosts: string | readonly string[], tls: EtcdTlsOptions | undefined): URL[] {
  const list = typeof hosts === 'string' ? [hosts] : hosts;
  if (!Array.isArray(list) || list.length === 0) {
    throw new EtcdOptionsError(
      'hosts',
      `expected an address or a list of at least one, got ${Array.isArray(list) ? '[]' : show(list)}`,
    );
  }
  // Unlike `map`, it does not pass over the holes of a sparse list.
  return Array.from<unknown, URL>(list, (host) => parseHost(host, tls !== undefined));
}

function resolveSrv({ hosts, srv }: EtcdClientOptions): EtcdSrvOptions | undefined {
  if (srv === undefined) return undefined;
  if (hosts !== undefined) throw new EtcdOptionsError('srv', 'give either `hosts` or `srv`, not both');
  if (typeof srv === 'string') {
    checkText('srv', srv);
    return { domain: srv };
  }
  checkNames('srv', srv, srvNames);
  checkText('srv.domain', srv.domain);
  const { servers } = srv;
  if (servers !== undefined && (!Array.isArray(servers) || servers.length === 0)) {
    throw new EtcdOptionsError(
      'srv.servers',
      `expected a list of DNS servers such as ['10.0.0.53'], got ${show(servers)}`,
    );
  }
  for (const server of servers ?? []) checkDnsServer(server);
  return srv;
}

function checkDnsServer(server: unknown): void {
  try {
    new Resolver().setServers([server as string]);
  } catch {
    throw new EtcdOptionsError(
      'srv.servers',
      `expected IP addresses, with a port or without, such as '10.0.0.53' or '[::1]:5353', got ${show(server)}`,
    );
  }
}

function checkDispatcher({ dispatcher, tls }: EtcdClientOptions): void {
  if (dispatcher === undefined) return;
  if (typeof (dispatcher as Partial<Dispatcher> | null)?.dispatch !== 'function')
    throw new EtcdOptionsError('dispatcher', `expected a dispatcher of undici's, got ${show(dispatcher)}`);
  if (tls !== undefined)
    throw new EtcdOptionsError(
      'dispatcher',
      'it connects by itself: give the TLS options to it, and `https:` hosts here',
    );
}

/** @throws {EtcdOptionsError} which names the method that is missing */
export function checkLogger(logger: unknown): asserts logger is EtcdLogger {
  for (const method of ['log', 'warn', 'error'] as const) {
    if (typeof (logger as Partial<EtcdLogger> | null)?.[method] !== 'function')
      throw new EtcdOptionsError('logger', `needs a method \`${method}(message)\`, got ${show(logger)}`);
  }
}

function resolveAuth(auth: EtcdAuthOptions | undefined): string | undefined {
  if (auth === undefined) return undefined;
  checkNames('auth', auth, authNames);
  checkText('auth.username', auth.username);
  if (auth.username.includes(':'))
    throw new EtcdOptionsError('auth.username', 'basic auth cannot carry a name with `:`');
  if (typeof auth.password !== 'string' || auth.password === '') {
    throw new EtcdOptionsError(
      'auth.password',
      'expected a password that is not empty; leave out `auth` to go without credentials',
    );
  }
  for (const name of ['username', 'password'] as const) {
    if (/\p{Surrogate}/u.test(auth[name]))
      throw new EtcdOptionsError(
        `auth.${name}`,
        'it holds half a surrogate pair, which is no text that can be sent',
      );
  }
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64')}`;
}

function resolveTls(tls: EtcdTlsOptions | undefined): EtcdTlsOptions | undefined {
  if (tls === undefined) return undefined;
  checkNames('tls', tls, tlsNames);
  for (const name of ['ca', 'cert', 'key'] as const) {
    const value = tls[name];
    if (value !== undefined && !Buffer.isBuffer(value) && (typeof value !== 'string' || value === '')) {
      throw new EtcdOptionsError(`tls.${name}`, `expected PEM text, a Buffer or a path, got ${typeof value}`);
    }
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const missing = tls.cert === undefined ? 'cert' : 'key';
    throw new EtcdOptionsError(`tls.${missing}`, 'a client certificate needs both `tls.cert` and `tls.key`');
  }
  if (tls.passphrase !== undefined && typeof tls.passphrase !== 'string')
    throw new EtcdOptionsError('tls.passphrase', 'expected a text');
  if (tls.serverName !== undefined) checkText('tls.serverName', tls.serverName);
  checkBoolean('tls.rejectUnauthorized', tls.rejectUnauthorized);
  return tls;
}

function resolveSync(sync: boolean | EtcdSyncOptions = true): ResolvedOptions['sync'] {
  if (typeof sync === 'boolean') return sync ? { interval: 60_000 } : undefined;
  checkNames('sync', sync, syncNames);
  const { interval = 60_000, accept } = sync;
  checkMilliseconds('sync.interval', interval);
  if (accept !== undefined && typeof accept !== 'function') {
    throw new EtcdOptionsError('sync.accept', `expected a function (url) => boolean, got ${show(accept)}`);
  }
  return { interval, accept };
}

function resolveWatch(watch: EtcdWatchKeepingOptions = {}): Required<EtcdWatchKeepingOptions> {
  checkNames('watch', watch, watchNames);
  const { rearm = 2_000 } = watch;
  checkMilliseconds('watch.rearm', rearm);
  return { rearm };
}
