import { BlockList, isIP } from 'node:net';

const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addSubnet('0.0.0.0', 8, 'ipv4');
refused.addSubnet('224.0.0.0', 3, 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addSubnet('ff00::', 8, 'ipv6');
refused.addAddress('::', 'ipv6');
// Metadata services of clouds that are not link-local, and IPv4 addresses in the clothes of IPv6.
refused.addAddress('100.100.100.200', 'ipv4');
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addSubnet('64:ff9b::', 96, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether an advertised address may be asked who it is. A member can advertise any text at all: a metadata service,
 * a file, or the `http://localhost:2379` that etcd advertises by default and that is another server on this machine.
 */
export function acceptsAddress(
  url: URL,
  configured: readonly URL[],
  accept: ((url: URL) => unknown) | undefined,
): boolean {
  if (!configured.some((host) => host.protocol === url.protocol)) return false;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  if (
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== ''
  )
    return false;
  // A promise, which an async function gives, is no yes.
  if (accept !== undefined) return accept(url) === true;
  if (isOn(refused, url)) return false;
  return !isLoopback(url) || configured.some((host) => host.hostname === url.hostname);
}

function isLoopback(url: URL): boolean {
  return /(?:^|\.)localhost\.?$/.test(url.hostname) || isOn(loopback, url);
}

function isOn(list: BlockList, url: URL): boolean {
  const address = url.hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
