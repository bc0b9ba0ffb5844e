import { EtcdDecodeError, EtcdOptionsError } from '../errors/index.js';
import type { EtcdSchema } from '../keys/index.js';
import { checkNames } from '../options/check.js';
import { checkSchemaOption } from './config-options.js';
import { validate, isPromise } from './validate.js';

/** How one value of a configuration is read. */
export interface EtcdConfigValueOptions<T> {
  /** What it is while there is nothing at the key, and while there has only been what the schema refuses. @default undefined */
  readonly default?: T;
  /** A Standard Schema for this value, which must not be asynchronous. @default what the configuration's schema gives is taken */
  readonly schema?: EtcdSchema<T>;
}

const names = new Set(['default', 'schema']);

/** @throws {EtcdOptionsError} */
export function checkValueOptions(options: EtcdConfigValueOptions<unknown>): void {
  checkNames('options of the value', options, names);
  checkSchemaOption(options.schema);
}

/** One value of a configuration, always current. Reading it is a look into memory. */
export class EtcdConfigValue<T> {
  #current: T | undefined;
  /** What the current value was made of, or the last one that was refused. */
  #source: unknown;
  #hasSource = false;

  /**
   * @internal Made by {@link EtcdConfig.select}.
   * @param path its key below the prefix @param key its whole key, for errors
   */
  constructor(
    readonly path: string,
    private readonly key: string,
    private readonly options: EtcdConfigValueOptions<T>,
  ) {
    this.#current = options.default;
  }

  /** What it is now. */
  get current(): T | undefined {
    return this.#current;
  }

  /** @internal Takes what is at the key in a new state. What is refused leaves the last value in its place. @returns why it is refused */
  follow(source: unknown): EtcdDecodeError | undefined {
    if (this.#hasSource && Object.is(source, this.#source)) return undefined;
    const isFirst = !this.#hasSource;
    this.#source = source;
    this.#hasSource = true;
    try {
      this.#current = this.#read(source);
      return undefined;
    } catch (error) {
      if (error instanceof EtcdDecodeError) return error;
      // Later on nobody could catch it, and all other values would be kept from following.
      if (isFirst) throw error;
      return new EtcdDecodeError(
        this.key,
        'its schema is asynchronous, and reading the value waits for nothing',
      );
    }
  }

  #read(source: unknown): T | undefined {
    const { schema } = this.options;
    if (source === undefined && 'default' in this.options) return this.options.default;
    if (schema === undefined) return source as T | undefined;
    const value = validate(this.key, schema, source);
    if (!isPromise(value)) return value;
    value.catch(() => undefined);
    throw new EtcdOptionsError(
      'schema',
      `that of ${this.key} is asynchronous, and reading the value waits for nothing; check it with the \`schema\` of the whole configuration`,
    );
  }
}
