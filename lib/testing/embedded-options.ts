import { type EtcdClock, systemClock } from './clock.js';

/** The certificate of an embedded server, as PEM. */
export interface EmbeddedTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Clients must show a certificate of this authority. @default any client is let in */
  readonly ca?: string | Buffer;
}

/** The user `root` of an embedded server. */
export interface EmbeddedAuth {
  /** etcd has no other one that may do everything. @default 'root' */
  readonly username?: 'root';
  readonly password: string;
  /** Whether requests without credentials may read and write every key, as they may after `etcdctl auth enable`. @default false */
  readonly guest?: boolean;
}

interface EmbeddedOptions {
  /** How many changes a watch can go back. @default 1000 */
  readonly history?: number;
  /** What `/version` tells. @default '3.4.23' */
  readonly version?: string;
  /** Where TTLs take the time from; a `ManualClock` to move it by hand. @default the time of this machine */
  readonly clock?: EtcdClock;
  /** Serves `https:`. @default plain `http:` */
  readonly tls?: EmbeddedTls;
  /** Begins with users and passwords switched on. @default they are off */
  readonly auth?: EmbeddedAuth;
}

/** Options of `EmbeddedEtcd.start`. */
export interface EmbeddedEtcdOptions extends EmbeddedOptions {
  /** Where to listen on `127.0.0.1`; 0 for any free port. @default 0 */
  readonly port?: number;
  /** The address that it tells clients to use, if a proxy stands in front of it. @default its own */
  readonly advertise?: string;
}

/** Options of `EmbeddedEtcd.cluster`. */
export interface EmbeddedClusterOptions extends EmbeddedOptions {
  /** Where the members listen on `127.0.0.1`, in their order; 0 for any free port. @default any free ports */
  readonly ports?: readonly number[];
  /** The addresses that they tell clients to use, in their order, if proxies stand in front of them. @default their own */
  readonly advertise?: readonly string[];
  /**
   * How long the members wait for a leader that is gone until they elect another one, in ms by the `clock`; etcd's default
   * is 1,000. @default 0, for at once
   */
  readonly electionTimeout?: number;
}

/** Options with nothing left open. */
export interface ResolvedOptions {
  /** One for each member. */
  readonly ports: readonly number[];
  /** One for each member, or none. */
  readonly advertise: readonly string[];
  readonly history: number;
  readonly version: string;
  readonly clock: EtcdClock;
  readonly tls: EmbeddedTls | undefined;
  readonly auth: EmbeddedAuth | undefined;
  readonly electionTimeout: number;
}

/** The options of one server, as those of a cluster of one. */
export function resolveEtcdOptions({ port, advertise, ...others }: EmbeddedEtcdOptions): ResolvedOptions {
  return resolveOptions(
    {
      ...others,
      ...(port === undefined ? undefined : { ports: [port] }),
      ...(advertise === undefined ? undefined : { advertise: [advertise] }),
    },
    1,
  );
}

/** @throws {RangeError} for a number out of range @throws {TypeError} for anything else that cannot be */
export function resolveOptions(options: EmbeddedClusterOptions, size: number): ResolvedOptions {
  const {
    ports = Array.from({ length: size }, () => 0),
    advertise = [],
    history = 1_000,
    version = '3.4.23',
    clock = systemClock,
    tls,
    auth,
    electionTimeout = 0,
    ...unknown
  } = options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new TypeError(`There is no option \`${name}\` of EmbeddedEtcd`);
  checkCount('ports', ports, size);
  if (advertise.length > 0) checkCount('advertise', advertise, size);
  for (const port of ports) checkInteger('port', port, 0, 65_535);
  checkInteger('history', history, 1);
  checkInteger('electionTimeout', electionTimeout, 0);
  if (!/^\d+\.\d+\.\d+/.test(version))
    throw new TypeError(`Expected \`version\` to be like '3.4.23', got '${version}'`);
  if (typeof clock.now !== 'function' || typeof clock.every !== 'function')
    throw new TypeError(`Expected \`clock\` to be a ManualClock, or to have \`now\` and \`every\``);
  if (tls !== undefined && (!tls.cert || !tls.key))
    throw new TypeError('Expected `tls` to have a `cert` and its `key`, as PEM');
  if (auth !== undefined) checkAuth(auth);
  return { ports, advertise, history, version, clock, tls, auth, electionTimeout };
}

function checkCount(name: string, values: readonly unknown[], size: number): void {
  if (values.length !== size)
    throw new RangeError(
      `Expected \`${name}\` to have one entry for each of ${size} members, got ${values.length}`,
    );
}

/** @throws {RangeError} */
export function checkInteger(name: string, value: number, least: number, most = Infinity): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Infinity ? `from ${least} and up` : `from ${least} to ${most}`;
  throw new RangeError(`Expected \`${name}\` to be an integer ${range}, got ${String(value)}`);
}

function checkAuth({ username = 'root', password }: EmbeddedAuth): void {
  if (username !== 'root')
    throw new TypeError(
      `Expected \`auth.username\` to be 'root', got '${String(username)}'; make other users by the client`,
    );
  if (typeof password !== 'string' || password === '')
    throw new TypeError('Expected `auth.password` to be a text that is not empty');
}
