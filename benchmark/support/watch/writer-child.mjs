import process from 'node:process';
import { Pool } from 'undici';

import { serve } from '../serve.mjs';
import { now } from './clock.mjs';
import { keyOf, lastKeyOf, value } from './workload.mjs';

// The process of the writers: they share it, because what they cost is of no interest, and watchers have none of it.

const [, , target] = process.argv;
const { url, connections } = JSON.parse(target);
// As little as undici can do for a write, so that the writers are as fast as the machine lets them be.
const pool = new Pool(url, { connections, headersTimeout: 0, bodyTimeout: 0 });
const headers = ['content-type', 'application/x-www-form-urlencoded'];
const body = `value=${encodeURIComponent(value)}`;

function ask(method, key, content) {
  return new Promise((resolve, reject) => {
    let status = 0;
    let text = '';
    pool.dispatch(
      { method, path: `/v2/keys${key}`, headers, body: content },
      {
        onConnect: () => undefined,
        onHeaders: (code) => {
          status = code;
          return true;
        },
        onData: (chunk) => {
          if (status >= 300) text += chunk.toString();
          return true;
        },
        onComplete: () =>
          status >= 300 ? reject(new Error(`${method} ${key}: HTTP ${status}: ${text}`)) : resolve(now()),
        onError: reject,
      },
    );
  });
}

/** @returns {Promise<import('./workload.mjs').Written>} */
async function write({ directory, inFlight, keys }) {
  const sent = new Float64Array(keys);
  const acknowledged = new Float64Array(keys);
  let next = 0;
  const lane = async () => {
    while (next < keys) {
      const number = next++;
      sent[number] = now();
      acknowledged[number] = await ask('PUT', keyOf(directory, number), body);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  await ask('PUT', lastKeyOf(directory), body);
  return { sent, acknowledged };
}

const tasks = {
  make: async ({ directory }) => void (await ask('PUT', directory, 'dir=true')),
  remove: async ({ directory }) => void (await ask('DELETE', `${directory}?recursive=true`)),
  write,
};
serve(({ task, ...message }) => tasks[task](message));
