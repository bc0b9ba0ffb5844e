import { request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Change, Resync, Told } from './told.js';

interface Answer {
  readonly action?: string;
  readonly node?: { readonly key: string; readonly value?: string; readonly modifiedIndex: number };
  readonly errorCode?: number;
  readonly index?: number;
}

/**
 * A watcher as it is written in an afternoon, and as clients for etcd v2 have it: it polls at the index behind the
 * last event (or believes an open stream), and goes on at the present when the history is gone. It is the control of
 * the suites: where it loses nothing, a suite has shown nothing.
 */
export class NaiveWatcher implements Told, AsyncDisposable {
  readonly name: string;
  readonly changes: Change[] = [];
  readonly resyncs: Resync[] = [];
  /** etcd's error codes that it met. */
  readonly errors: number[] = [];
  /** Whether etcd has taken its watch. */
  isRegistered = false;
  start = 0;
  position = 0;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;

  /** @param urls members, of which the next one is asked when one fails */
  constructor(
    private readonly kind: 'long poll' | 'stream',
    private readonly urls: readonly string[],
    private readonly key: string,
    start: number,
  ) {
    this.name = `naive ${kind}`;
    this.start = this.position = start;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let member = 0; !signal.aborted;) {
      try {
        await this.#ask(this.urls[member % this.urls.length] as string);
      } catch {
        member++;
        await sleep(100, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #ask(url: string): Promise<void> {
    const after = this.kind === 'stream' ? 'stream=true' : `waitIndex=${this.position + 1}`;
    const path = `${url}/v2/keys${this.key}?wait=true&recursive=true&${after}`;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(path, { agent: false, signal: this.#closing.signal }, resolve).on('error', reject).end();
    });
    this.isRegistered = true;
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as Answer);
    }
  }

  #take({ action = '', node, errorCode, index = 0 }: Answer): void {
    if (errorCode !== undefined) {
      this.errors.push(errorCode);
      if (errorCode === 401) this.position = index;
    } else if (node !== undefined) {
      this.position = node.modifiedIndex;
      this.changes.push({ index: node.modifiedIndex, action, key: node.key, value: node.value });
    }
  }
}
