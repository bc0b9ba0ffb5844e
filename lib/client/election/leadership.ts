import { EtcdOptionsError } from '../errors/index.js';
import type { Holding } from '../lease/holding.js';
import { tokenOf } from '../lock/lock-name.js';
import { showType } from '../options/check.js';
import { encodeEntry } from './election-entry.js';

/** That this process leads, until it resigns or loses it. */
export class EtcdLeadership implements AsyncDisposable {
  readonly #holding: Holding;
  #value: string;

  /** @internal Made by {@link EtcdElection.campaign}. @param name the election's */
  constructor(
    readonly name: string,
    value: string,
    holding: Holding,
  ) {
    this.#value = value;
    this.#holding = holding;
  }

  /** The entry of the election's queue, such as `/_elections/NAME/00000000000000000042`. */
  get key(): string {
    return this.#holding.key;
  }

  /** What this leader says of itself. */
  get value(): string {
    return this.#value;
  }

  /** Grows with each leader: the store index of the entry. */
  get term(): number {
    return tokenOf(this.#holding);
  }

  /** The {@link term}, by which what is written can refuse whoever was leader before. */
  get fencingToken(): number {
    return this.term;
  }

  /**
   * Aborted, with an {@link EtcdLeaseLostError}, when the leadership is lost. When it cannot be renewed, that is before anybody else
   * can lead; when its entry is deleted by somebody, a moment after.
   */
  get signal(): AbortSignal {
    return this.#holding.signal;
  }

  /** Whether this process leads at this moment, by its own clock. */
  get isLeader(): boolean {
    return this.#holding.isHeld;
  }

  /** Milliseconds until it is lost, if it is not renewed; 0 when it is lost. */
  get remaining(): number {
    return this.#holding.remaining;
  }

  /**
   * Says something else of itself: `PUT /v2/keys/_elections/NAME/ENTRY` with `prevValue`. The term stays.
   * @throws {EtcdLeaseLostError} when this process does not lead any more
   */
  async proclaim(value: string): Promise<void> {
    if (typeof value !== 'string')
      throw new EtcdOptionsError('value', `expected a text, got ${showType(value)}`);
    await this.#holding.change(encodeEntry(value));
    this.#value = value;
  }

  /**
   * Lets the next candidate lead: `DELETE /v2/keys/_elections/NAME/ENTRY?prevValue=…`. It never rejects, and may be called again.
   * @returns whether the entry was removed by this; when etcd does not answer, trying goes on until the entry expires
   */
  resign(): Promise<boolean> {
    return this.#holding.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign();
  }
}
