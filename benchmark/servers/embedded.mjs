import { monitorEventLoopDelay } from 'node:perf_hooks';

import { serve } from '../support/serve.mjs';
import { bytesOf, RawConnection } from './raw-http.mjs';

// The process of an embedded server, which also says how long its event loop has stood still.

const { EmbeddedEtcd } = await import('../../dist/esm/testing/index.js');
let server;
let delay;

serve(async ({ task }) => tasks[task]());

const tasks = {
  /** @returns its address, and the ms from the start to the first answer */
  async start() {
    const begin = performance.now();
    server = await EmbeddedEtcd.start();
    const connection = await RawConnection.open(server.url);
    await connection.send(bytesOf('GET', '/version'));
    const milliseconds = performance.now() - begin;
    connection.close();
    return { url: server.url, milliseconds };
  },
  async beginStall() {
    // What came before is another's.
    await new Promise((resolve) => setTimeout(resolve, 50));
    delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
  },
  /** @returns the longest time in ms for which nothing else could be done */
  async stall() {
    await new Promise((resolve) => setTimeout(resolve, 50));
    delay.disable();
    return delay.max / 1e6;
  },
  memory: async () => process.memoryUsage().rss / 1_048_576,
};
