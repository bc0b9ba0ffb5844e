import type { EtcdConfig } from '../client/index.js';

/**
 * What looks like the value of a configuration, and is always the current one. What is taken out of it stays as it was. Nest finds hooks
 * in it that let the configuration follow while the application runs, as in everything that a factory has made.
 */
export function liveView<T extends object>(
  config: Pick<EtcdConfig<T>, 'value' | 'resume'>,
  close: () => Promise<void>,
): T {
  const now = (): T => config.value;
  const hooks = new Map<string | symbol, () => void>([
    ['onApplicationBootstrap', () => config.resume()],
    ['onApplicationShutdown', close],
  ]);
  return new Proxy<T>(Object.create(null) as T, {
    get: (_, name) => hooks.get(name) ?? (Reflect.get(now(), name) as unknown),
    has: (_, name) => Reflect.has(now(), name),
    ownKeys: () => Reflect.ownKeys(now()),
    getOwnPropertyDescriptor(_, name) {
      const property = Reflect.getOwnPropertyDescriptor(now(), name);
      // It says what the target does not have, which Node allows for what may still change.
      return property && { ...property, configurable: true };
    },
    getPrototypeOf: () => Reflect.getPrototypeOf(now()),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    preventExtensions: () => false,
    setPrototypeOf: () => false,
  });
}
