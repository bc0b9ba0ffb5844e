import type { InjectionToken } from '@nestjs/common';
import type { EtcdCodec, EtcdKey, EtcdSchema } from '../client/index.js';

/** One `@EtcdWatch`, as its arguments were checked. */
export interface WatchDefinition {
  /** A key in its one spelling, or a function of what is injected for {@link inject}. */
  readonly key: string | ((...injected: readonly unknown[]) => EtcdKey);
  readonly inject: readonly InjectionToken[];
  /** `undefined` for the default connection. */
  readonly connection: string | undefined;
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

type Noted = Map<string, readonly WatchDefinition[]>;

/** Registered, so that the ESM and the CommonJS build in one process read what the other one has noted. */
const watches = Symbol.for('nestjs-etcd.watches');

/**
 * Notes a watch on the prototype that declares its method. On the method itself it would be lost as soon as another
 * decorator, of a tracing library for example, replaces that.
 */
export function noteWatch(prototype: object, method: string, definition: WatchDefinition): void {
  const noted = (Reflect.getOwnMetadata(watches, prototype) as Noted | undefined) ?? new Map();
  // Decorators are called from the bottom up.
  noted.set(method, [definition, ...(noted.get(method) ?? [])]);
  Reflect.defineMetadata(watches, noted, prototype);
}

/** The watches of a class and of those that it extends. */
export function* watchesOf(
  prototype: object | null,
): Generator<readonly [method: string, definition: WatchDefinition], void, undefined> {
  for (let link = prototype; link !== null; link = Object.getPrototypeOf(link) as object | null) {
    const noted = Reflect.getOwnMetadata(watches, link) as Noted | undefined;
    for (const [method, definitions] of noted ?? []) {
      // Overriding a method without the decorator takes the handler away, as it does with Nest's routes.
      if (Reflect.get(prototype as object, method) !== Reflect.get(link, method)) continue;
      for (const definition of definitions) yield [method, definition];
    }
  }
}
