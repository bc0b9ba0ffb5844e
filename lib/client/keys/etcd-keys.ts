import { EtcdNotFileError, EtcdOptionsError } from '../errors/index.js';
import { checkPlainSet, type EtcdKey } from '../http/key-path.js';
import type { EtcdRequest } from '../http/request.js';
import { checkCondition, checkIndex, checkOptions, checkTtl, checkValue } from './check-options.js';
import { EtcdReads } from './etcd-reads.js';
import type {
  EtcdAppendOptions,
  EtcdCompareAndDeleteOptions,
  EtcdCreateOptions,
  EtcdDeleteOptions,
  EtcdMkdirOptions,
  EtcdModifyOptions,
  EtcdRefreshOptions,
  EtcdSetOptions,
  EtcdSwapOptions,
  EtcdUpdateDirectoryOptions,
  EtcdUpdateFromOptions,
  EtcdUpdateOptions,
  EtcdWriteOptions,
} from './key-options.js';
import { deleteRequest, putRequest } from './key-requests.js';
import { checkTtlDecision, modify, type EtcdChange } from './modify.js';
import type { EtcdNode } from './node.js';
import { readAcknowledgement, type EtcdAcknowledgement, type EtcdResult } from './result.js';
import { inDirectory, inFile, swapByIndex, writeUnique } from './settle.js';
import type { EtcdCallOptions } from '../options/index.js';

/** The same options where the answer is sure to hold the nodes. */
type WithNodes<Options> = Options & { readonly noValueOnSuccess?: false };

/**
 * The keys of a cluster, or those of a namespace. Every method rejects with an {@link EtcdError}; those that write
 * reject with {@link EtcdIndeterminateError} when a write was sent and its outcome is not known.
 */
export class EtcdKeys extends EtcdReads {
  /**
   * Writes a value, whatever was there: `PUT /v2/keys/KEY`. A key that exists is replaced, with a new `createdIndex`
   * and without its TTL. @throws {EtcdNotFileError} when the key is a directory
   */
  set(key: EtcdKey, value: string, options?: WithNodes<EtcdSetOptions>): Promise<EtcdResult>;
  set(key: EtcdKey, value: string, options: EtcdSetOptions): Promise<EtcdAcknowledgement>;
  async set(key: EtcdKey, value: string, options: EtcdSetOptions = {}): Promise<EtcdAcknowledgement> {
    checkOptions('set', options);
    const full = this.full(key);
    checkPlainSet(full);
    return this.#write(
      'set',
      full,
      putRequest('PUT', full, form(value, options), options.idempotent),
      options,
    );
  }

  /** Creates a key that does not exist: `PUT /v2/keys/KEY` with `prevExist=false`. @throws {EtcdKeyExistsError} */
  create(key: EtcdKey, value: string, options?: WithNodes<EtcdCreateOptions>): Promise<EtcdResult>;
  create(key: EtcdKey, value: string, options: EtcdCreateOptions): Promise<EtcdAcknowledgement>;
  async create(key: EtcdKey, value: string, options: EtcdCreateOptions = {}): Promise<EtcdAcknowledgement> {
    checkOptions('create', options);
    const full = this.full(key);
    const request = putRequest('PUT', full, { ...form(value, options), prevExist: false });
    if (!isUnique(options)) return this.#write('create', full, request, options);
    const write = { key: full, action: 'create', find: inFile(value) } as const;
    return this.run('create', full, options, (call) => writeUnique(this.store, request, write, call));
  }

  /**
   * Changes a key that exists: `PUT /v2/keys/KEY` with `prevExist=true`. Given a result or a node in place of a key,
   * it changes that node only if nobody has changed it since (`prevIndex`).
   * @throws {EtcdKeyNotFoundError}, or {@link EtcdCompareFailedError} when the node of a result has changed
   */
  update(key: EtcdKey, value: string, options?: WithNodes<EtcdUpdateOptions>): Promise<EtcdResult>;
  update(key: EtcdKey, value: string, options: EtcdUpdateOptions): Promise<EtcdAcknowledgement>;
  update(
    from: EtcdResult | EtcdNode,
    value: string,
    options?: WithNodes<EtcdUpdateFromOptions>,
  ): Promise<EtcdResult>;
  update(
    from: EtcdResult | EtcdNode,
    value: string,
    options: EtcdUpdateFromOptions,
  ): Promise<EtcdAcknowledgement>;
  async update(
    target: EtcdKey | EtcdResult | EtcdNode,
    value: string,
    options: EtcdUpdateOptions | EtcdUpdateFromOptions = {},
  ): Promise<EtcdAcknowledgement> {
    if (isNodeLike(target)) return this.#updateFrom('node' in target ? target.node : target, value, options);
    checkOptions('update', options);
    const { idempotent, ...write } = options as EtcdUpdateOptions;
    const full = this.full(target);
    const request = putRequest('PUT', full, { ...form(value, write), prevExist: true }, idempotent);
    return this.#write('update', full, request, write);
  }

  /**
   * Writes a value if the key has `prevValue`, or the `modifiedIndex` `prevIndex`, or both:
   * `PUT /v2/keys/KEY`. @throws {EtcdCompareFailedError}, {@link EtcdKeyNotFoundError}
   */
  compareAndSwap(key: EtcdKey, value: string, options: WithNodes<EtcdSwapOptions>): Promise<EtcdResult>;
  compareAndSwap(key: EtcdKey, value: string, options: EtcdSwapOptions): Promise<EtcdAcknowledgement>;
  async compareAndSwap(key: EtcdKey, value: string, options: EtcdSwapOptions): Promise<EtcdAcknowledgement> {
    checkOptions('compareAndSwap', options);
    checkCondition(options);
    return this.#swap('compareAndSwap', this.full(key), value, options);
  }

  /**
   * Removes a file if the condition holds: `DELETE /v2/keys/KEY` with `prevValue` or `prevIndex`. It never removes
   * a directory. @throws {EtcdCompareFailedError}, {@link EtcdKeyNotFoundError}, {@link EtcdNotFileError}
   */
  async compareAndDelete(key: EtcdKey, options: EtcdCompareAndDeleteOptions): Promise<EtcdResult> {
    checkOptions('compareAndDelete', options);
    checkCondition(options);
    const { prevValue, prevIndex } = options;
    const full = this.full(key);
    return this.send('compareAndDelete', full, deleteRequest(full, { prevValue, prevIndex }), options);
  }

  /**
   * Creates a key with a name of its own below a directory: `POST /v2/keys/DIRECTORY`. The names are store indexes of
   * 20 digits, so that their order is the order of creation. The directory is made where it is missing.
   */
  append(directory: EtcdKey, value: string, options?: WithNodes<EtcdAppendOptions>): Promise<EtcdResult>;
  append(directory: EtcdKey, value: string, options: EtcdAppendOptions): Promise<EtcdAcknowledgement>;
  async append(
    directory: EtcdKey,
    value: string,
    options: EtcdAppendOptions = {},
  ): Promise<EtcdAcknowledgement> {
    checkOptions('append', options);
    const full = this.full(directory);
    const request = putRequest('POST', full, form(value, options));
    if (!isUnique(options)) return this.#write('append', full, request, options);
    const write = { key: full, action: 'create', find: inDirectory(value) } as const;
    return this.run('append', full, options, (call) => writeUnique(this.store, request, write, call));
  }

  /**
   * Makes a directory: `PUT /v2/keys/KEY` with `dir=true&prevExist=false`; missing parents are made too.
   * With `inOrder` it is `POST` with `dir=true`, and with `replaceFile` the same PUT without `prevExist`.
   * @throws {EtcdKeyExistsError} when there is a file or a directory, {@link EtcdNotFileError} when there is a
   * directory and `replaceFile` is given
   */
  async mkdir(key: EtcdKey, options: EtcdMkdirOptions = {}): Promise<EtcdResult> {
    checkOptions('mkdir', options);
    const full = this.full(key);
    const { ttl, inOrder = false, replaceFile = false } = options;
    if (inOrder && replaceFile)
      throw new EtcdOptionsError(
        'replaceFile',
        'it cannot be combined with `inOrder`, which makes a name that is new; leave one of them out',
      );
    if (inOrder) return this.send('mkdir', full, putRequest('POST', full, { dir: true, ttl }), options);
    if (replaceFile) checkPlainSet(full);
    const prevExist = replaceFile ? undefined : false;
    return this.send('mkdir', full, putRequest('PUT', full, { dir: true, ttl, prevExist }), options);
  }

  /**
   * Gives a directory a new TTL, or with none makes it permanent: `PUT /v2/keys/KEY` with `dir=true&prevExist=true`.
   * Watchers see it; {@link refresh} does the same unseen.
   */
  async updateDirectory(key: EtcdKey, options: EtcdUpdateDirectoryOptions = {}): Promise<EtcdResult> {
    checkOptions('updateDirectory', options);
    const { ttl, idempotent } = options;
    const full = this.full(key);
    const request = putRequest('PUT', full, { dir: true, ttl, prevExist: true }, idempotent);
    return this.send('updateDirectory', full, request, options);
  }

  /**
   * Removes an empty directory: `DELETE /v2/keys/KEY?dir=true`. etcd removes a file of that name as well.
   * @throws {EtcdDirectoryNotEmptyError}, {@link EtcdKeyNotFoundError}
   */
  async rmdir(key: EtcdKey, options: EtcdCallOptions = {}): Promise<EtcdResult> {
    checkOptions('call', options);
    return this.delete(key, { ...options, dir: true });
  }

  /** Removes a file, or with `dir` an empty directory, or with `recursive` a whole tree: `DELETE /v2/keys/KEY`. @throws {EtcdKeyNotFoundError} */
  async delete(key: EtcdKey, options: EtcdDeleteOptions = {}): Promise<EtcdResult> {
    checkOptions('delete', options);
    const { recursive, dir, idempotent } = options;
    const full = this.full(key);
    return this.send('delete', full, deleteRequest(full, { recursive, dir }, idempotent), options);
  }

  /** Removes a key as {@link delete} does and gives what it was (`prevNode`). A removed directory comes without its children. */
  async pop(key: EtcdKey, options: EtcdDeleteOptions = {}): Promise<EtcdNode> {
    const { node, prevNode } = await this.delete(key, options);
    return prevNode ?? node;
  }

  /**
   * Gives a key that exists a new TTL and keeps its value, without any event for watchers: `PUT /v2/keys/KEY` with
   * `refresh=true&prevExist=true`. With `prevValue` only its owner can renew it. etcd before 2.3 does not know
   * `refresh` and writes an empty value instead.
   * @throws {EtcdKeyNotFoundError} when it has expired, {@link EtcdCompareFailedError}
   */
  async refresh(key: EtcdKey, ttl: number, options: EtcdRefreshOptions = {}): Promise<EtcdResult> {
    checkOptions('refresh', options);
    checkTtl(ttl);
    const { prevValue, prevIndex, idempotent } = options;
    const full = this.full(key);
    const parameters = { ttl, refresh: true, prevExist: true, prevValue, prevIndex };
    return this.send('refresh', full, putRequest('PUT', full, parameters, idempotent), options);
  }

  /**
   * Reads a value, computes a new one and writes it if nobody else has meanwhile; otherwise begins again. `change`
   * may be called several times; when it gives `undefined`, nothing is written and the present state is given back.
   * @throws {EtcdTimeoutError} when others were faster until the deadline; whatever `change` throws
   */
  async modify(
    key: EtcdKey,
    change: EtcdChange,
    options: EtcdModifyOptions = {},
  ): Promise<EtcdResult | undefined> {
    checkOptions('modify', options);
    if (typeof change !== 'function')
      throw new EtcdOptionsError('change', `expected a function (value) => newValue, got ${typeof change}`);
    const full = this.full(key);
    return this.run('modify', full, options, (call) => modify(this.store, full, change, options, call));
  }

  #updateFrom(node: EtcdNode, value: string, options: EtcdUpdateFromOptions): Promise<EtcdAcknowledgement> {
    checkOptions('updateFrom', options);
    if (node.dir)
      throw new EtcdNotFileError(
        `update ${node.key}: it is a directory; use \`updateDirectory\` for its TTL.`,
        { reason: node.key },
      );
    checkIndex('modifiedIndex', node.modifiedIndex);
    checkTtlDecision(node, options.ttl);
    const { ttl, ...rest } = options;
    return this.#swap('update', this.full(node.key), value, {
      ...rest,
      ...(typeof ttl === 'number' ? { ttl } : {}),
      prevIndex: node.modifiedIndex,
    });
  }

  #swap(
    operation: string,
    full: string,
    value: string,
    options: EtcdSwapOptions,
  ): Promise<EtcdAcknowledgement> {
    const { prevValue, prevIndex } = options;
    const request = putRequest('PUT', full, { ...form(value, options), prevValue, prevIndex });
    if (!isUnique(options)) return this.#write(operation, full, request, options);
    const { store } = this;
    return this.run(operation, full, options, (call) => {
      if (prevIndex === undefined)
        return writeUnique(
          store,
          request,
          { key: full, action: 'compareAndSwap', find: inFile(value) },
          call,
        );
      return swapByIndex(store, request, { key: full, value, prevIndex, uniqueValue: true }, call);
    });
  }

  #write(
    operation: string,
    full: string,
    request: EtcdRequest,
    options: EtcdWriteOptions,
  ): Promise<EtcdAcknowledgement> {
    if (options.noValueOnSuccess !== true) return this.send(operation, full, request, options);
    return this.run(operation, full, options, (call) =>
      this.store.cluster.request(request, call, readAcknowledgement),
    );
  }
}

function form(value: string, { ttl, noValueOnSuccess }: EtcdWriteOptions) {
  return { value: checkValue(value), ttl, noValueOnSuccess };
}

/** A value that proves its author is read back, so that the answer needs its nodes. */
function isUnique({ uniqueValue = false, noValueOnSuccess = false }: EtcdCreateOptions): boolean {
  if (uniqueValue && noValueOnSuccess)
    throw new EtcdOptionsError(
      'noValueOnSuccess',
      'it cannot be combined with `uniqueValue`, which compares the value',
    );
  return uniqueValue;
}

function isNodeLike(target: EtcdKey | EtcdResult | EtcdNode): target is EtcdResult | EtcdNode {
  return typeof target === 'object' && target !== null && !Array.isArray(target);
}
