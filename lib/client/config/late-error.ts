import { EtcdTimeoutError } from '../errors/index.js';
import type { ResolvedConfigOptions } from './config-options.js';

/** Says why there is no state yet, and what to do. @param isChecking whether etcd has answered, and the schema has not */
export function lateError(
  key: string,
  { timeout, snapshot }: Pick<ResolvedConfigOptions<unknown>, 'timeout' | 'snapshot'>,
  isChecking: boolean,
): EtcdTimeoutError {
  const what = `The configuration of ${key} was not loaded within ${timeout} ms, because`;
  if (isChecking) {
    return new EtcdTimeoutError(
      `${what} its \`schema\` is asynchronous and has not answered. Find out what it waits for, or raise \`timeout\`.`,
    );
  }
  const fix =
    snapshot === undefined
      ? 'or give the option `snapshot` a file, to start with the last good state'
      : 'or start once while etcd is there, so that the `snapshot` is written';
  return new EtcdTimeoutError(`${what} etcd has not answered. Check \`hosts\`, raise \`timeout\`, ${fix}.`);
}
