import { EtcdDecodeError } from '../errors/index.js';
import { isBelow, isOverruled, type ResolvedConfigOptions } from './config-options.js';
import { ConfigTree } from './config-tree.js';
import { differences, keyUnder, type Files } from './files.js';
import { isPlain } from './freeze.js';
import { overlay } from './overlay.js';
import { parseFile } from './parse.js';

/** Makes the value of a configuration of its files and of the environment, and again when some of the files change. */
export class Mapping {
  readonly #tree = new ConfigTree();
  /** The files whose text stands for nothing. */
  readonly #refused = new Map<string, EtcdDecodeError>();
  /** What the variables stand for. */
  readonly #overlays = new Map<string, unknown>();
  #files: Files = new Map();

  /** @param prefix which errors put before the keys */
  constructor(
    private readonly prefix: string,
    private readonly options: Pick<ResolvedConfigOptions<unknown>, 'parse' | 'env' | 'schema'>,
  ) {
    for (const [key, { text }] of options.env) {
      this.#put(key, text, (value) => {
        this.#overlays.set(key, value);
        return value;
      });
    }
  }

  /**
   * The value of these files. What has not changed since the last call is not parsed anew.
   *
   * @throws {EtcdDecodeError} when the text of a file stands for nothing
   */
  map(files: Files): unknown {
    for (const key of differences(this.#files, files)) {
      if (isOverruled(this.options.env, key)) continue;
      const text = files.get(key);
      if (text === undefined) this.#remove(key);
      else this.#put(key, text, (value) => this.#overlay(key, value));
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

  #put(key: string, text: string, complete: (value: unknown) => unknown): void {
    this.#refused.delete(key);
    try {
      const value = parseFile(this.options.parse, text, key, keyUnder(this.prefix, key));
      this.#tree.set(key, complete(value));
    } catch (error) {
      if (!(error instanceof EtcdDecodeError)) throw error;
      this.#refused.set(key, error);
    }
  }

  #overlay(key: string, value: unknown): unknown {
    return overlay(key, keyUnder(this.prefix, key), value, this.#overlays, this.options.env);
  }

  #remove(key: string): void {
    this.#refused.delete(key);
    this.#tree.delete(key);
    // They were members of what was there, and now have a place of their own.
    for (const [own, value] of this.#overlays) if (isBelow(own, key)) this.#tree.set(own, value);
  }
}
