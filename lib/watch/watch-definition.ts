import type { InjectionToken } from '@nestjs/common';
import type { EtcdCodec, EtcdKey, EtcdSchema } from '../client/index.js';
import type { FoundMethod } from '../explorer/explore-methods.js';
import type { MethodDecoration, MethodDefinition } from '../explorer/method-definitions.js';

/** One `@EtcdWatch`, as its arguments were checked. */
export interface WatchDefinition extends MethodDefinition {
  /** A key in its one spelling, or a function of what is injected for {@link inject}. */
  readonly key: string | ((...injected: readonly unknown[]) => EtcdKey);
  readonly inject: readonly InjectionToken[];
  readonly recursive: boolean;
  readonly initial: boolean;
  /** `undefined` for the client's default. */
  readonly buffer: number | undefined;
  /** `undefined` for all. */
  readonly actions: ReadonlySet<string> | undefined;
  readonly concurrency: number;
  readonly decoding: WatchDecoding | undefined;
}

/** How the values of a watch are decoded. */
export interface WatchDecoding {
  readonly codec: EtcdCodec<unknown>;
  readonly schema: EtcdSchema<unknown> | undefined;
}

/** One `@EtcdWatch` of one instance. */
export type FoundWatch = FoundMethod<WatchDefinition>;

export const watchDecoration: MethodDecoration<WatchDefinition> = {
  decorator: '@EtcdWatch',
  metadataKey: Symbol.for('nestjs-etcd.watches'),
};
