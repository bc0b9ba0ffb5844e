import { createRequire } from 'node:module';

import { key, value } from '../support/workload.mjs';

/**
 * node-etcd 7, the v2 client that most applications on Node have. `directory` is where it is installed.
 *
 * @param {import('../support/workload.mjs').Target & { directory: string }} target
 * @returns {import('../support/workload.mjs').Client}
 */
export function connect({ url, directory }) {
  const Etcd = createRequire(`${directory}/`)('node-etcd');
  const etcd = new Etcd(url);
  const settle = (resolve, reject) => (error, body) => (error ? reject(error) : resolve(body.node.value));
  return {
    get: () => new Promise((resolve, reject) => void etcd.get(key, settle(resolve, reject))),
    put: () => new Promise((resolve, reject) => void etcd.set(key, value, settle(resolve, reject))),
  };
}
