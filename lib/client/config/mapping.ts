import { EtcdDecodeError } from '../errors/index.js';
import { isBelow, type ResolvedConfigOptions } from './config-options.js';
import { ConfigTree } from './config-tree.js';
import { differences, keyUnder, type Files } from './files.js';
import { isPlain } from './freeze.js';
import { parseFile } from './parse.js';

/** Makes the value of a configuration of its files and of the environment, and again when some of the files change. */
export class Mapping {
  readonly #tree = new ConfigTree();
  /** The files whose text stands for nothing. */
  readonly #refused = new Map<string, EtcdDecodeError>();
  #files: Files = new Map();

  /** @param prefix which errors put before the keys */
  constructor(
    private readonly prefix: string,
    private readonly options: Pick<ResolvedConfigOptions<unknown>, 'parse' | 'env' | 'schema'>,
  ) {
    for (const [key, text] of options.env) this.#put(key, text);
  }

  /**
   * The value of these files. What has not changed since the last call is not parsed anew.
   *
   * @throws {EtcdDecodeError} when the text of a file stands for nothing
   */
  map(files: Files): unknown {
    for (const key of differences(this.#files, files)) {
      if (this.#isOverruled(key)) continue;
      const text = files.get(key);
      if (text === undefined) this.#remove(key);
      else this.#put(key, text);
    }
    this.#files = files;
    for (const error of this.#refused.values()) throw error;
    const value = this.#tree.build();
    if (this.options.schema === undefined && (!isPlain(value) || Array.isArray(value))) {
      throw new EtcdDecodeError(
        this.prefix,
        'it is a file, and neither a directory nor a JSON object; give a `schema` that takes it',
      );
    }
    return value;
  }

  #put(key: string, text: string): void {
    this.#refused.delete(key);
    try {
      this.#tree.set(key, parseFile(this.options.parse, text, key, keyUnder(this.prefix, key)));
    } catch (error) {
      if (!(error instanceof EtcdDecodeError)) throw error;
      this.#refused.set(key, error);
    }
  }

  #remove(key: string): void {
    this.#refused.delete(key);
    this.#tree.delete(key);
  }

  /** Whether the environment says what is there: for the key itself, for one above it, or for one below it. */
  #isOverruled(key: string): boolean {
    for (const own of this.options.env.keys())
      if (own === key || isBelow(key, own) || isBelow(own, key)) return true;
    return false;
  }
}
