import type { EtcdDecodeError } from '../client/index.js';
import type { EtcdDiagnosticsEvent } from './etcd-diagnostics-event.interface.js';

interface HandlerEvent {
  /** Name of the connection; `undefined` for the default one. */
  readonly connection: string | undefined;
  /** The handler: `Class#method`. */
  readonly handler: string;
}

/** Every change from now on will be given to a handler. It comes again when its watch had to be started anew. */
export interface EtcdWatchReadyEvent extends HandlerEvent {
  readonly type: 'watch.ready';
  /** The watched key. */
  readonly key: string;
}

/** A watch has ended by itself, for example because etcd refuses its credentials. */
export interface EtcdWatchEndedEvent extends HandlerEvent {
  readonly type: 'watch.ended';
  /** The watched key. */
  readonly key: string;
  readonly error: unknown;
  /** Milliseconds after which it is started anew, with a `resync`; `undefined` when it is not. */
  readonly retryIn: number | undefined;
}

/** A handler, or a guard, an interceptor or a pipe before it, has failed, and no filter has handled that. */
export interface EtcdHandlerFailedEvent extends HandlerEvent {
  readonly type: 'watch.handler.failed';
  /** The changed key, or for a `resync` the watched one. */
  readonly key: string;
  /** Store index of the change or of the state. */
  readonly index: number;
  readonly error: unknown;
  /** What an exception filter that was given the error threw in its turn, where that is another one. */
  readonly filterError?: unknown;
}

/** A value could not be decoded, and was not given to a handler. */
export interface EtcdValueRefusedEvent extends HandlerEvent {
  readonly type: 'watch.value.refused';
  /** The key with that value. */
  readonly key: string;
  /** Store index of the change or of the state. */
  readonly index: number;
  readonly error: EtcdDecodeError;
}

interface ElectionEvent {
  /** Name of the connection; `undefined` for the default one. */
  readonly connection: string | undefined;
  /** Name of the election. */
  readonly election: string;
}

/** This process leads. */
export interface EtcdLeaderElectedEvent extends ElectionEvent {
  readonly type: 'leader.elected';
  readonly term: number;
}

/** This process leads no longer. */
export interface EtcdLeaderEndedEvent extends ElectionEvent {
  readonly type: 'leader.ended';
  readonly term: number;
  /** Whether it was lost, and not given up. */
  readonly isLost: boolean;
}

/** A method with `@EtcdLeader` has failed, and the process resigns. */
export interface EtcdLeaderFailedEvent extends ElectionEvent {
  readonly type: 'leader.handler.failed';
  readonly term: number;
  /** The method: `Class#method`. */
  readonly handler: string;
  readonly error: unknown;
}

/** This process cannot take part in an election, for example because etcd refuses its credentials. */
export interface EtcdCampaignFailedEvent extends ElectionEvent {
  readonly type: 'leader.campaign.failed';
  readonly error: unknown;
  /** Milliseconds after which it tries again. */
  readonly retryIn: number;
}

/** What happens to the methods with `@EtcdWatch` and `@EtcdLeader` of a connection. */
export type EtcdHandlerEvent =
  | EtcdWatchReadyEvent
  | EtcdWatchEndedEvent
  | EtcdHandlerFailedEvent
  | EtcdValueRefusedEvent
  | EtcdLeaderElectedEvent
  | EtcdLeaderEndedEvent
  | EtcdLeaderFailedEvent
  | EtcdCampaignFailedEvent;

/** What {@link EtcdService.events$} tells. */
export type EtcdServiceEvent = EtcdHandlerEvent | EtcdDiagnosticsEvent;
