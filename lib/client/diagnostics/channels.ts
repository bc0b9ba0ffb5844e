import { channel } from 'node:diagnostics_channel';
import type * as message from './messages.js';

/**
 * Every channel of this package, and what is published on it. A message holds keys, addresses, indexes and times, and never
 * a value, a password or a header.
 */
export interface EtcdChannelMessages {
  'nestjs-etcd:operation:start': message.EtcdOperationStarted;
  'nestjs-etcd:operation:end': message.EtcdOperationEnded;
  'nestjs-etcd:operation:error': message.EtcdOperationFailed;

  'nestjs-etcd:request:start': message.EtcdRequestStarted;
  'nestjs-etcd:request:end': message.EtcdRequestEnded;
  'nestjs-etcd:request:error': message.EtcdRequestFailed;

  'nestjs-etcd:cluster:failover': message.EtcdFailedOver;
  'nestjs-etcd:cluster:lost': message.EtcdMemberLost;
  'nestjs-etcd:cluster:back': message.EtcdMemberChanged;
  'nestjs-etcd:member:lost': message.EtcdMemberLost;
  'nestjs-etcd:member:back': message.EtcdMemberChanged;

  'nestjs-etcd:watch:armed': message.EtcdWatchArmed;
  'nestjs-etcd:watch:event': message.EtcdWatchTold;
  'nestjs-etcd:watch:resync': message.EtcdWatchResynced;
  'nestjs-etcd:watch:failed': message.EtcdWatchFailed;

  'nestjs-etcd:lease:renewed': message.EtcdLeaseRenewed;
  'nestjs-etcd:lease:lost': message.EtcdLeaseLost;

  'nestjs-etcd:lock:wait': message.EtcdLockAsked;
  'nestjs-etcd:lock:held': message.EtcdLockHeld;
  'nestjs-etcd:lock:failed': message.EtcdLockFailed;
  'nestjs-etcd:lock:released': message.EtcdLockReleased;

  'nestjs-etcd:election:campaign': message.EtcdElectionCampaigned;
  'nestjs-etcd:election:elected': message.EtcdElectionWon;
  'nestjs-etcd:election:ended': message.EtcdElectionEnded;
  'nestjs-etcd:election:leader': message.EtcdElectionObserved;
}

/** The name of a channel. */
export type EtcdChannelName = keyof EtcdChannelMessages;

/** A channel of Node's whose messages have a type. */
export interface TypedChannel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
  /** Runs code in the contexts that were bound to the channel by `bindStore`, once it has published the message. */
  runStores<Result>(message: Message, code: () => Result): Result;
}

function declare<Name extends EtcdChannelName>(name: Name): TypedChannel<EtcdChannelMessages[Name]> {
  return channel(name);
}

/** The channels, by what is between the colons. Node keeps one of each name, for both builds of this package. */
export const channels = {
  operation: {
    start: declare('nestjs-etcd:operation:start'),
    end: declare('nestjs-etcd:operation:end'),
    error: declare('nestjs-etcd:operation:error'),
  },
  request: {
    start: declare('nestjs-etcd:request:start'),
    end: declare('nestjs-etcd:request:end'),
    error: declare('nestjs-etcd:request:error'),
  },
  cluster: {
    failover: declare('nestjs-etcd:cluster:failover'),
    lost: declare('nestjs-etcd:cluster:lost'),
    back: declare('nestjs-etcd:cluster:back'),
  },
  member: {
    lost: declare('nestjs-etcd:member:lost'),
    back: declare('nestjs-etcd:member:back'),
  },
  watch: {
    armed: declare('nestjs-etcd:watch:armed'),
    event: declare('nestjs-etcd:watch:event'),
    resync: declare('nestjs-etcd:watch:resync'),
    failed: declare('nestjs-etcd:watch:failed'),
  },
  lease: {
    renewed: declare('nestjs-etcd:lease:renewed'),
    lost: declare('nestjs-etcd:lease:lost'),
  },
  lock: {
    wait: declare('nestjs-etcd:lock:wait'),
    held: declare('nestjs-etcd:lock:held'),
    failed: declare('nestjs-etcd:lock:failed'),
    released: declare('nestjs-etcd:lock:released'),
  },
  election: {
    campaign: declare('nestjs-etcd:election:campaign'),
    elected: declare('nestjs-etcd:election:elected'),
    ended: declare('nestjs-etcd:election:ended'),
    leader: declare('nestjs-etcd:election:leader'),
  },
} as const;

/** The names of all channels. */
export const etcdChannelNames: readonly EtcdChannelName[] = Object.entries(channels).flatMap(
  ([group, ends]) => Object.keys(ends).map((end) => `nestjs-etcd:${group}:${end}` as EtcdChannelName),
);
