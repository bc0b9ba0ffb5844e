import { Pool, request } from 'undici';

/**
 * `stream=true` as it is, and a line for each event. It repairs nothing.
 *
 * @param {{ url: string }} target
 * @returns {import('../support/watch/workload.mjs').Watch}
 */
export function connect({ url }) {
  return {
    watch: async (directory, consumer) => {
      const dispatcher = new Pool(url, { headersTimeout: 0, bodyTimeout: 0 });
      const address = `${url}/v2/keys${directory}?wait=true&recursive=true&stream=true`;
      // etcd sends the headers once the watch is registered.
      const { body } = await request(address, { dispatcher });
      let isOpen = true;
      let rest = '';
      body.on('data', (chunk) => {
        // Keys and values are ASCII here, so that no character lies across two chunks.
        const lines = (rest + chunk.toString('latin1')).split('\n');
        rest = lines.pop();
        for (const line of lines) if (line !== '') consumer.onChange(JSON.parse(line).node.key);
      });
      const onEnd = (error = new Error('the stream has ended')) => isOpen && consumer.onFailed(error);
      body.on('end', onEnd).on('error', onEnd);
      return () => {
        isOpen = false;
        return dispatcher.destroy();
      };
    },
  };
}
