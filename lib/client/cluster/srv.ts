import { Resolver } from 'node:dns/promises';
import type { SrvRecord } from 'node:dns';
import { EtcdDiscoveryError } from '../errors/index.js';
import { describeFailure } from '../http/exchange.js';
import type { EtcdSrvOptions } from '../options/index.js';

/** The services that etcd's tools publish, TLS first, as they are asked one after the other. */
const services = [
  { name: '_etcd-client-ssl._tcp', scheme: 'https' },
  { name: '_etcd-client._tcp', scheme: 'http' },
  { name: '_etcd-ssl._tcp', scheme: 'https' },
  { name: '_etcd._tcp', scheme: 'http' },
] as const;

/** What DNS says when there is no such record, in contrast to a server that is in trouble. */
const noRecord = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Resolves the members of a domain: the first service that has records wins. Lower priorities come first; within
 * one, chance decides in proportion to the weights (RFC 2782).
 * @throws {EtcdDiscoveryError} when a lookup fails, or no service has a record
 */
export async function resolveSrv(
  { domain, servers }: EtcdSrvOptions,
  timeout: number,
  tls: boolean,
  closing: AbortSignal,
): Promise<URL[]> {
  const resolver = new Resolver({ timeout, tries: 2 });
  if (servers !== undefined) resolver.setServers([...servers]);
  const cancel = (): void => resolver.cancel();
  closing.addEventListener('abort', cancel);
  try {
    return await findHosts(resolver, domain, tls);
  } finally {
    closing.removeEventListener('abort', cancel);
  }
}

async function findHosts(resolver: Resolver, domain: string, tls: boolean): Promise<URL[]> {
  for (const { name, scheme } of services) {
    if (tls && scheme === 'http') continue;
    const records = await lookup(resolver, `${name}.${domain}`);
    // A single record with the name "." says that the service is not offered (RFC 2782).
    const hosts = inOrder(records).filter((record) => record.name !== '' && record.name !== '.');
    if (hosts.length > 0) return hosts.map((record) => addressOf(scheme, record));
  }
  const asked = services.filter(({ scheme }) => !tls || scheme === 'https').map(({ name }) => name);
  throw new EtcdDiscoveryError(
    `No SRV record of ${asked.join(', ')} names a host in ${domain}. Publish one, or give \`hosts\`.`,
  );
}

function addressOf(scheme: string, { name, port }: SrvRecord): URL {
  const host = name.replace(/\.$/, '');
  // DNS carries any bytes: what is no host name could become a path, or user info with another host behind it.
  if (!/^[\w.-]+$/.test(host)) throw new EtcdDiscoveryError('An SRV record names a host that is none.');
  return new URL(`${scheme}://${host}:${port}`);
}

async function lookup(resolver: Resolver, name: string): Promise<SrvRecord[]> {
  try {
    return await resolver.resolveSrv(name);
  } catch (cause) {
    const outcome = describeFailure(cause);
    if (noRecord.has(outcome)) return [];
    throw new EtcdDiscoveryError(`The SRV records of ${name} could not be resolved (${outcome}).`, { cause });
  }
}

function inOrder(records: readonly SrvRecord[]): SrvRecord[] {
  // The larger the weight, the smaller this key is likely to be: a weighted order in one draw per record.
  const drawn = records.map((record) => ({
    record,
    key: -Math.log(1 - Math.random()) / Math.max(record.weight, 0.001),
  }));
  drawn.sort((a, b) => a.record.priority - b.record.priority || a.key - b.key);
  return drawn.map(({ record }) => record);
}
