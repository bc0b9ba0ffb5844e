import { key, value } from '../support/workload.mjs';

/**
 * This package as it was built; `build` is the URL of another build's directory, to compare two.
 *
 * @param {import('../support/workload.mjs').Target & { build?: string }} target
 * @returns {Promise<import('../support/workload.mjs').Client>}
 */
export async function connect({
  url,
  connections,
  ca,
  build = new URL('../../dist/', import.meta.url).href,
}) {
  const { EtcdClient } = await import(new URL('esm/client/index.js', build).href);
  const etcd = new EtcdClient({ hosts: url, connections, ...(ca === undefined ? {} : { tls: { ca } }) });
  return {
    get: async () => (await etcd.get(key)).node.value,
    put: async () => (await etcd.set(key, value)).node.value,
  };
}
