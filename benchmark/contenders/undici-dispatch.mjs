import { Pool } from 'undici';

import { path, value } from '../support/workload.mjs';

/**
 * The least that undici can do: `dispatch` with a handler that looks at no header, and `JSON.parse`. It has no
 * deadline, no signal and no bounds, so that it is a limit and not a way to do it.
 *
 * @param {import('../support/workload.mjs').Target} target
 * @returns {import('../support/workload.mjs').Client}
 */
export function connect({ url, connections, ca }) {
  const pool = new Pool(url, { connections, connect: { ca }, headersTimeout: 0, bodyTimeout: 0 });
  const ask = (options) =>
    new Promise((resolve, reject) => {
      let status = 0;
      let text = '';
      pool.dispatch(options, {
        onConnect: () => undefined,
        onHeaders: (code) => {
          status = code;
          return true;
        },
        onData: (chunk) => {
          text += chunk.toString();
          return true;
        },
        onComplete: () =>
          status >= 300 ? reject(new Error(`HTTP ${status}: ${text}`)) : resolve(JSON.parse(text).node.value),
        onError: reject,
      });
    });
  const headers = ['content-type', 'application/x-www-form-urlencoded'];
  return {
    get: () => ask({ path, method: 'GET' }),
    put: () => ask({ path, method: 'PUT', headers, body: `value=${encodeURIComponent(value)}` }),
  };
}
