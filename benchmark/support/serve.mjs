import process from 'node:process';

/**
 * The other end of `startWorker`: answers one message after the other, and ends the process with its parent.
 *
 * @param {(message: object) => Promise<unknown>} handle
 */
export function serve(handle) {
  process.on('message', (message) => {
    handle(message).then(
      (result) => process.send({ result }),
      (error) => process.send({ error: String(error?.message ?? error) }),
    );
  });
  process.once('disconnect', () => process.exit());
  process.send({ result: undefined });
}
