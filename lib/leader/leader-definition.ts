import { EtcdOptionsError } from '../client/index.js';
import { keyOf } from '../client/lock/lock-name.js';
import { checkLockOptions } from '../client/lock/lock-options.js';
import { checkNames, checkText, show } from '../client/options/check.js';
import type { FoundMethod } from '../explorer/explore-methods.js';
import type { MethodDecoration, MethodDefinition } from '../explorer/method-definitions.js';
import type { EtcdLeaderOnlyOptions, EtcdLeaderOptions } from '../interfaces/index.js';

/** One `@LeaderOnly`, as its arguments were checked. */
export interface ElectionDefinition extends MethodDefinition, Pick<EtcdLeaderOnlyOptions, 'ttl' | 'prefix'> {
  readonly election: string;
}

/** One `@EtcdLeader`, as its arguments were checked. */
export interface LeaderDefinition extends ElectionDefinition, Pick<EtcdLeaderOptions, 'value'> {}

export type FoundLeader = FoundMethod<LeaderDefinition>;

export const leaderDecoration: MethodDecoration<LeaderDefinition> = {
  decorator: '@EtcdLeader',
  metadataKey: Symbol.for('nestjs-etcd.leaders'),
};

export const leaderOnlyDecoration: MethodDecoration<ElectionDefinition> = {
  decorator: '@LeaderOnly',
  metadataKey: Symbol.for('nestjs-etcd.leader-only'),
  staysWhenOverridden: true,
};

const onlyNames = new Set(['ttl', 'prefix', 'connection']);
const leaderNames = new Set([...onlyNames, 'value']);

/** @throws {EtcdOptionsError} */
export function checkLeader(election: unknown, options: EtcdLeaderOptions): LeaderDefinition {
  checkNames('options of @EtcdLeader', options, leaderNames);
  const { value } = options;
  if (value !== undefined && typeof value !== 'string')
    throw new EtcdOptionsError('value', `expected a text, got ${show(value)}`);
  return { ...checkElection(election, options), value };
}

/** @throws {EtcdOptionsError} */
export function checkLeaderOnly(election: unknown, options: EtcdLeaderOnlyOptions): ElectionDefinition {
  checkNames('options of @LeaderOnly', options, onlyNames);
  return checkElection(election, options);
}

function checkElection(
  election: unknown,
  { ttl, prefix, connection }: EtcdLeaderOnlyOptions,
): ElectionDefinition {
  keyOf(prefix ?? '/', election as string);
  checkLockOptions({ ttl });
  if (connection !== undefined) checkText('connection', connection);
  return { election: election as string, ttl, prefix, connection };
}
