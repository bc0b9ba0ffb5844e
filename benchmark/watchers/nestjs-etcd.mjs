/**
 * This package as it was built; `build` is the URL of another build's directory, to compare two.
 *
 * @param {{ url: string, build?: string }} target
 * @returns {Promise<import('../support/watch/workload.mjs').Watch>}
 */
export async function connect({ url, build = new URL('../../dist/', import.meta.url).href }) {
  const { EtcdClient } = await import(new URL('esm/client/index.js', build).href);
  const etcd = new EtcdClient({ hosts: url });
  return {
    watch: async (directory, consumer) => {
      const watcher = etcd.watch(directory, { recursive: true });
      void consume(watcher, consumer);
      await watcher.ready;
      return () => watcher.close();
    },
  };
}

async function consume(watcher, consumer) {
  try {
    for await (const event of watcher) {
      if (event.action === 'resync')
        consumer.onResync(
          event.reason,
          event.added.map(({ key }) => key),
        );
      else consumer.onChange(event.key);
    }
  } catch (error) {
    consumer.onFailed(error);
  }
}
