import { createRequire } from 'node:module';

/**
 * The watcher of node-etcd 7, which is a long poll too. `directory` is where it is installed.
 *
 * @param {{ url: string, directory: string }} target
 * @returns {import('../support/watch/workload.mjs').Watch}
 */
export function connect({ url, directory: home }) {
  const Etcd = createRequire(`${home}/`)('node-etcd');
  const etcd = new Etcd(url);
  return {
    watch: async (directory, consumer) => {
      // It does not say when it hears, but with an index nothing from there on is missed at the beginning.
      const index = await new Promise((resolve, reject) => {
        etcd.get(directory, (error, body, headers) =>
          error
            ? reject(new Error(String(error.message ?? error)))
            : resolve(Number(headers['x-etcd-index'])),
        );
      });
      const watcher = etcd.watcher(directory, index + 1, { recursive: true });
      watcher.on('change', ({ node }) => consumer.onChange(node.key));
      watcher.on('error', (error) => consumer.onFailed(error));
      return () => watcher.stop();
    },
  };
}
