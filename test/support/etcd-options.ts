import { readFileSync } from 'node:fs';

/** Files for a server that speaks TLS to its clients; a {@link KeyPair} of `Certificates` has them. */
export interface EtcdTls {
  ca: string;
  cert: string;
  key: string;
  /** Whether a client has to show a certificate of the same authority. @default false */
  clientAuth?: boolean;
}

export interface EtcdMemberOptions {
  /** @default 'm0' */
  name?: string;
  tls?: EtcdTls;
  /** How long a member hears nothing of its leader before it stands for election, in ms. Embedded ones have their own. @default etcd's 1_000 */
  electionTimeout?: number;
  /** Further arguments of etcd's, e.g. `['--snapshot-count=100']`. The last of two equal ones wins. */
  args?: string[];
  /** Puts a `TcpProxy` in front of the client port and advertises it as the member's address. */
  proxy?: boolean;
  clientPort?: number;
  peerPort?: number;
  /** `name=peerUrl,…` of every first member. @default this member alone */
  initialCluster?: string;
  /** @default 'new' */
  initialClusterState?: 'new' | 'existing';
}

/** The addresses of one member. */
export interface EtcdAddresses {
  name: string;
  /** Where etcd listens for clients. */
  directUrl: string;
  /** What it tells clients to use. */
  url: string;
  peerUrl: string;
}

/** The command line of a member, without its directory. */
export function etcdArguments(
  { tls, electionTimeout, args = [], initialCluster, initialClusterState = 'new' }: EtcdMemberOptions,
  { name, directUrl, url, peerUrl }: EtcdAddresses,
): string[] {
  const words = [
    '--enable-v2',
    `--name=${name}`,
    `--listen-client-urls=${directUrl}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=${initialCluster ?? `${name}=${peerUrl}`}`,
    `--initial-cluster-state=${initialClusterState}`,
  ];
  if (tls) {
    words.push(`--cert-file=${tls.cert}`, `--key-file=${tls.key}`);
    // A trusted CA alone makes etcd 3.4 demand certificates of its clients.
    if (tls.clientAuth) words.push('--client-cert-auth', `--trusted-ca-file=${tls.ca}`);
  }
  if (electionTimeout !== undefined) words.push(`--election-timeout=${electionTimeout}`);
  return [...words, ...args];
}

/** The PEM texts of a member's files, for a client that shows the member's own certificate. */
export function readTls(tls: EtcdTls): { ca: string; cert: string; key: string } {
  const read = (file: string) => readFileSync(file, 'utf8');
  return { ca: read(tls.ca), cert: read(tls.cert), key: read(tls.key) };
}
