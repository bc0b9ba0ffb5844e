import { Pool, request } from 'undici';

import { path, value } from '../support/workload.mjs';

/**
 * undici's `request()` and `JSON.parse`: what one writes who does without a client.
 *
 * @param {import('../support/workload.mjs').Target} target
 * @returns {import('../support/workload.mjs').Client}
 */
export function connect({ url, connections, ca, allowH2, pipelining }) {
  const dispatcher = new Pool(url, { connections, pipelining, allowH2, connect: { ca } });
  const ask = async (options) => {
    const { statusCode, body } = await request(`${url}${path}`, { dispatcher, ...options });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`HTTP ${statusCode}: ${text}`);
    return JSON.parse(text).node.value;
  };
  // undici puts no other requests beside a PUT on an HTTP/2 connection, unless it is told that it may.
  const idempotent = allowH2;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return {
    get: () => ask({ method: 'GET' }),
    put: () => ask({ method: 'PUT', headers, idempotent, body: `value=${encodeURIComponent(value)}` }),
  };
}
