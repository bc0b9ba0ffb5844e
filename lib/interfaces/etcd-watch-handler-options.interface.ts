import type { InjectionToken } from '@nestjs/common';
import type { EtcdCodec, EtcdKey, EtcdSchema, EtcdWatchAction, EtcdWatchOptions } from '../client/index.js';

/** A key, or a function that makes it of what is injected: see {@link EtcdWatchHandlerOptions.inject}. */
export type EtcdWatchKey = EtcdKey | ((...injected: never[]) => EtcdKey);

/** Options of `@EtcdWatch`, checked when the class is defined. */
export interface EtcdWatchHandlerOptions extends Pick<EtcdWatchOptions, 'recursive' | 'initial' | 'buffer'> {
  /**
   * The actions whose changes reach the handler; all others are left out. A `resync` always reaches it, because it
   * stands for changes of any action. @default all of them
   */
  readonly actions?: readonly EtcdWatchAction[];
  /** Name of the connection to watch on, as given to `EtcdModule.forRoot`. @default the default connection */
  readonly connection?: string;
  /** Tokens of what a key that is a function is called with, found anywhere in the application. @default none */
  readonly inject?: readonly InjectionToken[];
  /**
   * Handlers of this watch that may run at once, 1 to 1000. They are started in the order of the events, whatever it
   * is; with 1, each has also ended before the next one starts. @default 1
   */
  readonly concurrency?: number;
  /** Decodes values. @default `json` with a {@link schema}, and no decoding without */
  readonly codec?: EtcdCodec<unknown>;
  /** Checks and types what was decoded. @default no check */
  readonly schema?: EtcdSchema<unknown>;
}
