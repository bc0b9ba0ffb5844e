import { inMethod } from '../explorer/decorated-method.js';
import { noteDefinition } from '../explorer/method-definitions.js';
import type { EtcdLeaderContext, EtcdLeaderOptions } from '../interfaces/index.js';
import { checkLeader, leaderDecoration } from '../leader/leader-definition.js';

/** Decorates a method that can be called with an {@link EtcdLeaderContext}. */
export type EtcdLeaderDecorator = <Handler extends (context: EtcdLeaderContext) => unknown>(
  prototype: object,
  method: string,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/**
 * Calls a method of a provider or a controller while this process leads an election: `POST /v2/keys/_elections/NAME`. Of all
 * processes that take part, one leads, and the next one does when it ends.
 *
 * - The method is called when this process is elected. It may return, and the process leads on.
 * - Its `signal` is aborted when the lead is lost, before anybody else can have it, and when the process resigns. The process
 *   takes part in the election again when the method has ended.
 * - When it throws, that is logged and told on {@link EtcdService.events$}; the process resigns, and takes part again after a pause
 *   of 1 to 30 seconds.
 * - Several methods may share one election; when one of them throws, all are told to end.
 *
 * Elections start with `onApplicationBootstrap`, without waiting for etcd. With `onModuleDestroy` the method is told to end, waited
 * for within the module's `shutdownTimeout`, and the process resigns. The provider must have the default scope.
 *
 * @param election the election's name
 * @throws {EtcdOptionsError} when the class is defined; it names the option, the value and the fix
 * @example
 * @EtcdLeader('reports')
 * async lead({ signal, fencingToken }: EtcdLeaderContext): Promise<void> {}
 */
export function EtcdLeader(election: string, options: EtcdLeaderOptions = {}): EtcdLeaderDecorator {
  return (target: object, method: unknown, descriptor: PropertyDescriptor | undefined) =>
    inMethod(leaderDecoration.decorator, target, method, descriptor, (name) =>
      noteDefinition(leaderDecoration, target, name, checkLeader(election, options)),
    );
}
