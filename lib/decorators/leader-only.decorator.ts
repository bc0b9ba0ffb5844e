import { getEtcdLeadersToken } from '../etcd.constants.js';
import { inMethod, nameOf } from '../explorer/decorated-method.js';
import { noteDefinition } from '../explorer/method-definitions.js';
import { injectHidden, wrapMethod } from '../explorer/wrap-method.js';
import type { EtcdLeaderOnlyOptions } from '../interfaces/index.js';
import type { EtcdLeaders } from '../leader/etcd-leaders.service.js';
import { checkLeaderOnly, leaderOnlyDecoration } from '../leader/leader-definition.js';

/** Decorates a method whose result is not needed, because it may not be called at all. */
export type LeaderOnlyDecorator = <Method extends (...args: never[]) => void | Promise<void>>(
  prototype: object,
  method: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Makes a method, of a cron job for example, do nothing unless this process leads an election. The process takes part in it for
 * as long as the application runs: `POST /v2/keys/_elections/NAME`. A call that has begun goes on when the lead is lost, and the process
 * takes part again when it has ended; {@link EtcdLeaders.leadership} has the signal and the fencing token for it. The shutdown waits for
 * it as for `@EtcdLeader`, and resigns then.
 *
 * It may stand above or below the decorator of the job. The provider must have the default scope, and its module must be able to
 * inject the connection.
 *
 * @param election the election's name
 * @throws {EtcdOptionsError} when the class is defined; it names the option, the value and the fix
 * @example
 * @Cron('0 * * * *')
 * @LeaderOnly('reports')
 * async hourly(): Promise<void> {}
 */
export function LeaderOnly(election: string, options: EtcdLeaderOnlyOptions = {}): LeaderOnlyDecorator {
  return (target, method, descriptor) =>
    inMethod(leaderOnlyDecoration.decorator, target, method, descriptor, (name) => {
      noteDefinition(leaderOnlyDecoration, target, name, checkLeaderOnly(election, options));
      const leadersOf = injectHidden(target, getEtcdLeadersToken(options.connection), name);
      wrapMethod(descriptor, (original) => {
        return function onlyAsLeader(this: object, ...args: unknown[]): unknown {
          const leaders = leadersOf(this) as Pick<EtcdLeaders, 'runAsLeader'>;
          const run = (): unknown => original.apply(this, args);
          // Whoever calls an asynchronous method may ask for what became of it.
          return leaders.runAsLeader(election, run, nameOf(target, method)) ?? Promise.resolve();
        };
      });
    });
}
