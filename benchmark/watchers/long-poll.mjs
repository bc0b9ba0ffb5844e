import { Pool, request } from 'undici';

/**
 * What one writes who does without a client: a request for each event, which waits for the index behind the last one;
 * when that has left the history, it goes on from now.
 *
 * @param {{ url: string }} target
 * @returns {import('../support/watch/workload.mjs').Watch}
 */
export function connect({ url }) {
  return {
    watch: async (directory, consumer) => {
      const dispatcher = new Pool(url, { headersTimeout: 0, bodyTimeout: 0 });
      const address = `${url}/v2/keys${directory}`;
      const { headers, body } = await request(address, { dispatcher });
      await body.dump();
      const closing = new AbortController();
      const follow = async (index) => {
        while (!closing.signal.aborted) index = await next(index);
      };
      const next = async (index) => {
        const query = `?wait=true&recursive=true&waitIndex=${index + 1}`;
        const answer = await request(`${address}${query}`, { dispatcher });
        const { errorCode, node, ...rest } = await answer.body.json();
        if (errorCode === 401) return rest.index;
        consumer.onChange(node.key);
        return node.modifiedIndex;
      };
      follow(Number(headers['x-etcd-index'])).catch(
        (error) => closing.signal.aborted || consumer.onFailed(error),
      );
      return () => {
        closing.abort();
        return dispatcher.destroy();
      };
    },
  };
}
