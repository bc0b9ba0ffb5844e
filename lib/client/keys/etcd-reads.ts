import { Call } from '../cluster/call.js';
import { traceOperation } from '../diagnostics/trace-operation.js';
import { EtcdKeyNotFoundError, EtcdNotFileError } from '../errors/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import type { EtcdRequest } from '../http/request.js';
import type { EtcdCallOptions } from '../options/index.js';
import { checkMethod, checkOptions } from './check-options.js';
import { json, type EtcdCodec } from './codecs.js';
import { decodeValue } from './decode-value.js';
import type { EtcdGetOptions, EtcdJsonOptions } from './key-options.js';
import { getRequest } from './key-requests.js';
import type { KeyStore } from './key-store.js';
import type { EtcdResult } from './result.js';
import { checkSchema } from './schema.js';

/** What {@link EtcdKeys} needs of its client. @internal */
export interface KeysContext {
  readonly timeout: number;
  readonly quorum: boolean;
  /** The store of the keys below a prefix. */
  store(prefix: string): KeyStore;
}

/** The reading half of {@link EtcdKeys}. */
export abstract class EtcdReads {
  readonly #context: KeysContext;
  readonly #store: KeyStore;

  /** @internal Made by the client and by `namespace`. */
  constructor(context: KeysContext, prefix: string) {
    this.#context = context;
    this.#store = context.store(prefix);
  }

  /** Reads a key or lists a directory: `GET /v2/keys/KEY`. @throws {EtcdKeyNotFoundError} when there is no such key */
  async get(key: EtcdKey, options: EtcdGetOptions = {}): Promise<EtcdResult> {
    checkOptions('get', options);
    const { recursive, sorted, quorum = this.context.quorum } = options;
    const full = this.full(key);
    return this.send('get', full, getRequest(full, { recursive, sorted }, quorum), options);
  }

  /** As {@link get}, but `undefined` where there is no such key. */
  async find(key: EtcdKey, options: EtcdGetOptions = {}): Promise<EtcdResult | undefined> {
    try {
      return await this.get(key, options);
    } catch (error) {
      if (error instanceof EtcdKeyNotFoundError) return undefined;
      throw error;
    }
  }

  /** Whether there is such a file or directory: `GET /v2/keys/KEY`. */
  async exists(key: EtcdKey, options: EtcdGetOptions = {}): Promise<boolean> {
    return (await this.find(key, options)) !== undefined;
  }

  /** Reads and decodes the value of a file. @throws {EtcdDecodeError} when the codec refuses it, {@link EtcdNotFileError} for a directory */
  async value<T>(key: EtcdKey, codec: EtcdCodec<T>, options: EtcdGetOptions = {}): Promise<T> {
    checkMethod('codec', codec, 'decode');
    const { node } = await this.get(key, options);
    if (node.value === undefined)
      throw new EtcdNotFileError(`GET ${node.key}: it is a directory, which has no value.`, {
        reason: node.key,
      });
    return decodeValue(node.key, node.value, codec);
  }

  /** Reads a JSON value and, with a schema, checks and types it. @throws {EtcdDecodeError} when it is no JSON, or not what the schema wants */
  async json<T = unknown>(key: EtcdKey, options: EtcdJsonOptions<T> = {}): Promise<T> {
    checkOptions('json', options);
    const { schema, ...read } = options;
    if (schema !== undefined) checkMethod('schema', schema['~standard'], 'validate');
    const value = await this.value(key, json, read);
    return schema === undefined ? (value as T) : checkSchema(normalizeKey(key), schema, value);
  }

  /** @internal */
  protected get context(): KeysContext {
    return this.#context;
  }

  /** @internal */
  protected get store(): KeyStore {
    return this.#store;
  }

  /** @internal */
  protected send(
    operation: string,
    full: string,
    request: EtcdRequest,
    options: EtcdCallOptions,
  ): Promise<EtcdResult> {
    return this.run(operation, full, options, (call) => this.store.send(request, call));
  }

  /** Carries out an operation, which may be several requests. @param full the key's path in the store @internal */
  protected run<T>(
    operation: string,
    full: string,
    { timeout = this.context.timeout, signal }: EtcdCallOptions,
    work: (call: Call) => Promise<T>,
  ): Promise<T> {
    const call = new Call(timeout, signal, operation);
    return traceOperation(this.store.cluster.client, operation, full, work, call);
  }

  /** The key's path in the store. @throws {EtcdInvalidKeyError} @internal */
  full(key: EtcdKey): string {
    return this.store.full(normalizeKey(key));
  }
}
