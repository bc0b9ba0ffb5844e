import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeFailure } from '../http/exchange.js';
import type { EtcdLogger } from '../options/index.js';
import type { Files } from './files.js';
import { replaceFile } from './replace-file.js';

/** A state as it is kept. */
export interface SavedState {
  /** The store index at which it was so. */
  readonly index: number;
  readonly files: Files;
}

/** Files of another format are never read. */
const format = 1;
const debounce = 1_000;
/** Milliseconds after which a temporary file is nobody's any more. */
const leftover = 60_000;
const temporaryEnd = /^\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Keeps the last good state of a configuration in a file. */
export class SnapshotFile {
  #next: SavedState | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  /** @param key the prefix as it is in the store, because a file of another configuration must not be taken for this one's */
  constructor(
    readonly path: string,
    private readonly key: string,
    private readonly logger: EtcdLogger,
  ) {}

  /** Removes what processes that have crashed while they wrote have left behind, which holds secrets. */
  tidy(): void {
    this.#writing = this.#writing.then(() => removeLeftovers(this.path).catch(() => undefined));
  }

  /** What was kept; otherwise why it cannot be used. */
  async read(): Promise<SavedState | string> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      return `${this.path} cannot be read (${describeFailure(error)})`;
    }
    return parse(text, this.key) ?? `${this.path} holds no state of ${this.key} in format ${format}`;
  }

  /** Keeps a state in place of the last one, a second later at most, so that many changes in a row are one write. */
  save(state: SavedState): void {
    this.#next = state;
    // Whatever is left to be written is written when the configuration is closed.
    this.#timer ??= setTimeout(() => void this.flush(), debounce).unref();
  }

  /** Writes what waits to be written. It never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const state = this.#next;
    this.#next = undefined;
    if (state === undefined) return;
    const { index, files } = state;
    try {
      await replaceFile(this.path, JSON.stringify({ format, key: this.key, index, files: [...files] }));
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed)
        this.logger.warn(
          `The configuration of ${this.key} cannot be kept in ${this.path}: ${describeFailure(error)}`,
        );
      this.#hasFailed = true;
    }
  }
}

async function removeLeftovers(path: string): Promise<void> {
  const directory = dirname(path);
  const name = basename(path);
  for (const found of await readdir(directory)) {
    if (!found.startsWith(name) || !temporaryEnd.test(found.slice(name.length))) continue;
    const temporary = join(directory, found);
    const { mtimeMs } = await stat(temporary).catch(() => ({ mtimeMs: Infinity }));
    // Younger ones may be those of a process that is at work.
    if (Date.now() - mtimeMs > leftover) await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function parse(text: string, key: string): SavedState | undefined {
  try {
    const raw = JSON.parse(text) as { format?: unknown; key?: unknown; index?: unknown; files?: unknown };
    if (raw.format !== format || raw.key !== key || !Number.isSafeInteger(raw.index)) return undefined;
    if (!Array.isArray(raw.files) || !raw.files.every(isFile)) return undefined;
    return { index: raw.index as number, files: new Map(raw.files) };
  } catch {
    return undefined;
  }
}

function isFile(entry: unknown): entry is [key: string, text: string] {
  return Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === 'string');
}
