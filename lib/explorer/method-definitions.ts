/** What a decorator says of a method, as its arguments were checked. */
export interface MethodDefinition {
  /** Name of the connection; `undefined` for the default one. */
  readonly connection: string | undefined;
}

/** A decorator of methods, and where it notes what it says. */
export interface MethodDecoration<Definition extends MethodDefinition> {
  /** As it is written, e.g. `@EtcdWatch`. */
  readonly decorator: string;
  /** Registered, so that the ESM and the CommonJS build in one process read what the other one has noted. */
  readonly metadataKey: symbol;
  /** Whether it stays true of a class whose own method stands in the place of the decorated one, and may call that. */
  readonly staysWhenOverridden?: boolean;
  /** Nothing: it holds the type. */
  readonly definition?: Definition;
}

/**
 * Notes a definition on the prototype that declares its method. On the method itself it would be lost as soon as another
 * decorator, of a tracing library for example, replaces that.
 */
export function noteDefinition<Definition extends MethodDefinition>(
  { metadataKey }: MethodDecoration<Definition>,
  prototype: object,
  method: string,
  definition: Definition,
): void {
  type Noted = Map<string, readonly Definition[]>;
  const noted = (Reflect.getOwnMetadata(metadataKey, prototype) as Noted | undefined) ?? new Map();
  // Decorators are called from the bottom up.
  noted.set(method, [definition, ...((noted.get(method) as readonly Definition[] | undefined) ?? [])]);
  Reflect.defineMetadata(metadataKey, noted, prototype);
}

/** The definitions of a class and of those that it extends. */
export function* definitionsOf<Definition extends MethodDefinition>(
  { metadataKey, staysWhenOverridden = false }: MethodDecoration<Definition>,
  prototype: object | null,
): Generator<readonly [method: string, definition: Definition], void, undefined> {
  type Noted = Map<string, readonly Definition[]>;
  for (let link = prototype; link !== null; link = Object.getPrototypeOf(link) as object | null) {
    const noted = Reflect.getOwnMetadata(metadataKey, link) as Noted | undefined;
    for (const [method, definitions] of noted ?? []) {
      // Overriding a method without the decorator takes the handler away, as it does with Nest's routes.
      const isOverridden = Reflect.get(prototype as object, method) !== Reflect.get(link, method);
      if (isOverridden && !staysWhenOverridden) continue;
      for (const definition of definitions) yield [method, definition];
    }
  }
}
