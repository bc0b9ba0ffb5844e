import { strictEqual } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Arbitrary, array, assert, asyncProperty } from 'fast-check';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { askForHealthAsOften, countersOf, watchersSettle } from './counters.js';
import { bytesOf, detail, type Exchange, Party, showAnswer } from './exchange.js';
import { setUp } from './random-auth.js';
import { located } from './random-requests.js';
import type { WireAnswer } from './wire.js';

export interface Comparison {
  readonly request: Arbitrary<Exchange>;
  /** How many sequences. `DIFFERENTIAL_SEQUENCES` overrides it, for a longer search. */
  readonly sequences: number;
  /** How many requests at most. */
  readonly length: number;
  /** `DIFFERENTIAL_SEED` overrides it; a failure names it. */
  readonly seed: number;
}

/**
 * Sends random requests to a real etcd and to an embedded server, and fails at the first difference, with the shortest sequence
 * that shows it.
 */
export class Differential implements AsyncDisposable {
  readonly #real: Party;
  readonly #embedded: Party;
  #base = 0;

  private constructor(
    private readonly member: EtcdMember,
    private readonly server: EmbeddedEtcd,
    private readonly auth: boolean,
  ) {
    this.#real = new Party(member.url);
    this.#embedded = new Party(server.url);
  }

  /** @param auth whether users matter */
  static async start(auth = false): Promise<Differential> {
    const [member, server] = await Promise.all([EtcdMember.start({ name: 'default' }), EmbeddedEtcd.start()]);
    const started = new Differential(member, server, auth);
    await askForHealthAsOften(started.#real, started.#embedded);
    if (!auth) return started;
    const root = {
      request: 'PUT /v2/auth/users/root',
      headers: {},
      body: '{"user":"root","password":"secret"}',
    };
    for (const party of started.#parties)
      for (const request of [root, 'PUT /v2/auth/enable']) await party.ask(request);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const party of this.#parties) party[Symbol.dispose]();
    await Promise.all([this.member.stop(), this.server.stop()]);
  }

  async compare({ request, length, ...defaults }: Comparison): Promise<void> {
    const sequence = array(request, { minLength: 1, maxLength: length, size: 'max' });
    const property = asyncProperty(sequence, async (requests) => {
      const { wanted, got } = await this.#answers([...(this.auth ? setUp : []), ...requests]);
      strictEqual(got, wanted);
    });
    const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? defaults.seed);
    const numRuns = Number(process.env['DIFFERENTIAL_SEQUENCES'] ?? defaults.sequences);
    // Showing the shortest sequence takes time; that there is one is known by then.
    await assert(property, { seed, numRuns, includeErrorInReport: true, interruptAfterTimeLimit: 300_000 });
  }

  get #parties(): readonly [Party, Party] {
    return [this.#real, this.#embedded];
  }

  /** A sequence has a directory of its own, and begins at an index that the servers agree upon. */
  async #begin(): Promise<{ directory: string; now: number }> {
    for (;;) {
      const [a, b] = await Promise.all(this.#parties.map(indexOf));
      if (a === b) return { directory: `s${this.#base++}`, now: a ?? 0 };
      // An earlier sequence has failed: who is behind catches up, so that it can be made shorter.
      await ((a ?? 0) < (b ?? 0) ? this.#real : this.#embedded).ask(behind);
    }
  }

  /** Asks both until they differ. @returns what they have said last, after what they were asked */
  async #answers(requests: readonly Exchange[]): Promise<{ wanted: string; got: string }> {
    const { directory, now: start } = await this.#begin();
    const asked: string[] = [];
    const counted = await this.#counters();
    let now = start;
    for (const request of [...requests, `GET /v2/keys/${directory}?recursive=true&sorted=true`]) {
      const exchange = located(request, directory, now);
      asked.push(JSON.stringify(bytesOf(exchange)));
      const [wanted, got] = await this.#ask(exchange);
      if (got !== wanted) return { wanted: [...asked, wanted].join('\n'), got: [...asked, got].join('\n') };
      now = Number(/^X-Etcd-Index: ([1-9]\d*)$/m.exec(wanted)?.[1] ?? now);
    }
    // etcd keeps its users in the store, and counts how it reads them; an embedded server does not.
    if (this.auth) return { wanted: '', got: '' };
    const [wanted, got] = (await this.#counters()).map((counts, i) => countedSince(counted[i], counts));
    return { wanted: [...asked, wanted].join('\n'), got: [...asked, got].join('\n') };
  }

  /**
   * Asks both. An answer without an end is taken for that once both have begun one, and one looks as the other for a while;
   * as long as they differ, what is missing may be on its way.
   */
  async #ask(exchange: Exchange): Promise<readonly [wanted: string, got: string]> {
    const enough = new AbortController();
    const answers = Promise.all([
      this.#real.ask(exchange, enough.signal),
      this.#embedded.ask(exchange, enough.signal),
    ]);
    if (detail(exchange).endless) {
      const end = this.#areEndless(exchange, enough.signal);
      await Promise.race([answers, end]).finally(() => enough.abort());
    }
    const [wanted, got] = await answers;
    return [show(wanted, exchange), show(got, exchange)];
  }

  /** Counts looks and not time: what has come while this process stood still is read before the next one. */
  async #areEndless(exchange: Exchange, over: AbortSignal): Promise<void> {
    for (let looks = 0; looks < 6 && !over.aborted;) {
      await sleep(10);
      const [wanted, got] = this.#parties.map((party) => party.soFar());
      const areAlike = wanted && got && show(wanted, exchange) === show(got, exchange);
      looks = areAlike ? looks + 1 : 0;
    }
  }

  async #counters(): Promise<Record<string, number>[]> {
    await watchersSettle(this.#parties);
    return Promise.all(this.#parties.map(countersOf));
  }
}

const root = { Authorization: `Basic ${Buffer.from('root:secret').toString('base64')}` };
const behind = {
  request: 'PUT /v2/keys/_behind',
  headers: { ...root, 'Content-Type': 'application/x-www-form-urlencoded' },
  body: '',
};

async function indexOf(party: Party): Promise<number> {
  const { headers } = await party.ask({ request: 'GET /v2/keys', headers: root });
  return Number(headers.find(([name]) => name === 'X-Etcd-Index')?.[1]);
}

function show(answer: WireAnswer, exchange: Exchange): string {
  const shown = showAnswer(answer, exchange).replace(/"ttl":\d+/g, '"ttl":SECONDS');
  // Of a body that is not sent, the length is all there is; and that of a moment in time varies.
  return detail(exchange).request.startsWith('HEAD ')
    ? shown.replace(/(Content-Length): \d+/, '$1: NUMBER')
    : shown;
}

/** What a server has counted since an earlier time. */
function countedSince(earlier: Record<string, number> | undefined, counts: Record<string, number>): string {
  const differences = Object.entries(counts).map(([name, count]) => [name, count - (earlier?.[name] ?? 0)]);
  return JSON.stringify(Object.fromEntries(differences));
}
