import type { EtcdMemberOrder } from '../options/index.js';
import type { Endpoint } from './endpoint.js';

/** The members' addresses in the order in which they are asked, beginning with the pinned one. */
export class Ring {
  #endpoints: Endpoint[] = [];
  #pinned = 0;

  constructor(private readonly order: EtcdMemberOrder) {}

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** The one that is asked first. */
  get pinned(): Endpoint | undefined {
    return this.#endpoints[this.#pinned];
  }

  find(address: string): Endpoint | undefined {
    return this.#endpoints.find((endpoint) => endpoint.address === address);
  }

  /** The one behind an address. */
  following(address: string): Endpoint | undefined {
    const place = this.#endpoints.findIndex((endpoint) => endpoint.address === address);
    return this.#endpoints[(place + 1) % this.#endpoints.length];
  }

  /**
   * Adds an address: a configured one at the end, because the order of SRV records counts; a learned one at a place by
   * chance among those behind the pinned one.
   */
  add(endpoint: Endpoint): void {
    const { length } = this.#endpoints;
    const first = Math.min(length, this.#pinned + 1);
    const atEnd = endpoint.configured || this.order === 'given';
    const place = atEnd ? length : first + Math.floor(Math.random() * (length - first + 1));
    this.#endpoints.splice(place, 0, endpoint);
  }

  remove(endpoint: Endpoint): void {
    const pinned = this.pinned;
    this.#endpoints = this.#endpoints.filter((other) => other !== endpoint);
    this.#pinned = Math.max(0, pinned === undefined ? 0 : this.#endpoints.indexOf(pinned));
  }

  /** Mixes the addresses that were configured, unless their order counts. */
  shuffle(): void {
    if (this.order === 'given') return;
    for (let i = this.#endpoints.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [this.#endpoints[i], this.#endpoints[j]] = [
        this.#endpoints[j] as Endpoint,
        this.#endpoints[i] as Endpoint,
      ];
    }
  }

  pin(endpoint: Endpoint): void {
    const place = this.#endpoints.indexOf(endpoint);
    if (place >= 0) this.#pinned = place;
  }

  /** Goes on to the next one, unless another call has done so already. */
  unpin(endpoint: Endpoint): void {
    if (this.pinned === endpoint) this.#pinned = (this.#pinned + 1) % this.#endpoints.length;
  }

  /** The first one, from the pinned one on, that may be asked now and is not in `except`. */
  next(except: ReadonlySet<Endpoint>, now: number): Endpoint | undefined {
    for (let i = 0; i < this.#endpoints.length; i++) {
      const endpoint = this.#endpoints[(this.#pinned + i) % this.#endpoints.length] as Endpoint;
      if (!except.has(endpoint) && endpoint.isAvailable(now)) return endpoint;
    }
    return undefined;
  }

  /** Milliseconds until one of them may be asked. */
  restLeft(now: number): number {
    return Math.min(...this.#endpoints.map((endpoint) => endpoint.restLeft(now)));
  }
}
