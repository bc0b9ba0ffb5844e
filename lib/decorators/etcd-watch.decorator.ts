import type { EtcdCodec, EtcdEvent, EtcdSchema } from '../client/index.js';
import { inMethod } from '../explorer/decorated-method.js';
import { noteDefinition } from '../explorer/method-definitions.js';
import type { EtcdDecodedEvent, EtcdWatchHandlerOptions, EtcdWatchKey } from '../interfaces/index.js';
import { noteParameters } from '../watch/handler-parameters.js';
import { checkWatch } from '../watch/watch-arguments.js';
import { watchDecoration } from '../watch/watch-definition.js';

/**
 * Decorates a method that can be called with `Event`. A method that takes single changes only does not compile, because
 * a `resync` may come in their place; where a pipe makes something else of the event, give the parameter the type `any`.
 */
export type EtcdWatchDecorator<Event> = <Handler extends (event: Event, ...others: never[]) => unknown>(
  prototype: object,
  method: string,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/** Options with something that decodes. The type of the values is the schema's, or without one the codec's. */
type Undecoded = EtcdWatchHandlerOptions & { readonly codec?: undefined; readonly schema?: undefined };
type WithCodec<T> = EtcdWatchHandlerOptions & { readonly codec: EtcdCodec<T>; readonly schema?: undefined };
type WithSchema<T> = EtcdWatchHandlerOptions & { readonly schema: EtcdSchema<T> };

/**
 * Calls a method of a provider or a controller for each change of a key, or with `recursive` of everything below it too:
 * `GET /v2/keys/KEY?wait=true`. It may stand several times over one method.
 *
 * - Events come in order, each once, or in place of some of them one `resync` with the present state. The next one
 *   comes when the method has ended, also when it has failed; see `concurrency`.
 * - Guards, interceptors, pipes and filters apply, global ones too, in an execution context of the type `etcd` whose
 *   first argument is the event.
 * - What the method throws is logged, and told on {@link EtcdService.events$}, unless a filter handles it.
 * - A watch that etcd refuses is started anew, first after 1 second and then after up to 30, and begins with a `resync`.
 *
 * Watches start with `onApplicationBootstrap`, without waiting for etcd, and end with `onModuleDestroy`. The provider must have
 * the default scope: otherwise, and when there is no such connection, the application does not start.
 *
 * @param key a path, its segments, or a function that makes one of what is injected for `options.inject`
 * @throws {EtcdOptionsError} when the class is defined; it names the option, the value and the fix
 * @example
 * @EtcdWatch('/config', { recursive: true, initial: true })
 * async onConfig(event: EtcdEvent): Promise<void> {}
 * @example
 * @EtcdWatch((config: ConfigService) => ['services', config.getOrThrow('SERVICE')], { inject: [ConfigService], schema: Service })
 * async onService(event: EtcdDecodedEvent<Service>): Promise<void> {}
 */
export function EtcdWatch<T>(
  key: EtcdWatchKey,
  options: WithSchema<T>,
): EtcdWatchDecorator<EtcdDecodedEvent<T>>;
export function EtcdWatch<T>(
  key: EtcdWatchKey,
  options: WithCodec<T>,
): EtcdWatchDecorator<EtcdDecodedEvent<T>>;
export function EtcdWatch(key: EtcdWatchKey, options?: Undecoded): EtcdWatchDecorator<EtcdEvent>;
export function EtcdWatch(
  key: EtcdWatchKey,
  options: EtcdWatchHandlerOptions = {},
): EtcdWatchDecorator<never> {
  return (target: object, method: unknown, descriptor: PropertyDescriptor | undefined) => {
    inMethod(watchDecoration.decorator, target, method, descriptor, (name) => {
      noteDefinition(watchDecoration, target, name, checkWatch(key, options));
      noteParameters(target, name);
    });
  };
}
