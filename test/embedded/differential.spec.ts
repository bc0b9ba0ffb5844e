import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty } from 'fast-check';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { bytesOf, detail, type Exchange, Party, showAnswer } from './exchange.js';
import { located, randomRequest } from './random-requests.js';

/** Both can be set for a longer search: a failure names its seed. */
const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20_261_122);
const sequences = Number(process.env['DIFFERENTIAL_SEQUENCES'] ?? 40);

describe('random requests to the embedded server', () => {
  let member: EtcdMember;
  let server: EmbeddedEtcd;
  let real: Party;
  let embedded: Party;
  let base = 0;

  beforeAll(async () => {
    [member, server] = await Promise.all([EtcdMember.start({ name: 'default' }), EmbeddedEtcd.start()]);
    real = new Party(member.url);
    embedded = new Party(server.url);
    // The real one has been asked this to find out whether it serves.
    await embedded.ask('GET /health');
  });

  afterAll(async () => {
    for (const party of [real, embedded]) party[Symbol.dispose]();
    await Promise.all([member.stop(), server.stop()]);
  });

  /** A sequence has a directory of its own, and begins at an index that the servers agree upon. */
  async function begin(): Promise<{ directory: string; now: number }> {
    for (;;) {
      const [a, b] = await Promise.all([indexOf(real), indexOf(embedded)]);
      if (a === b) return { directory: `s${base++}`, now: a };
      // An earlier sequence has failed: who is behind catches up, so that it can be made shorter.
      await (a < b ? real : embedded).ask('PUT /v2/keys/_behind');
    }
  }

  async function indexOf(party: Party): Promise<number> {
    const { headers } = await party.ask('GET /v2/keys');
    return Number(headers.find(([name]) => name === 'X-Etcd-Index')?.[1]);
  }

  async function answer(party: Party, exchange: Exchange): Promise<string> {
    const shown = showAnswer(await party.ask(exchange), exchange).replace(/"ttl":\d+/g, '"ttl":SECONDS');
    // Of a body that is not sent, the length is all there is; and that of a moment in time varies.
    return detail(exchange).request.startsWith('HEAD ')
      ? shown.replace(/(Content-Length): \d+/, '$1: NUMBER')
      : shown;
  }

  /** Asks both until they differ. @returns what they have said last, after what they were asked */
  async function answers(requests: readonly Exchange[]): Promise<{ wanted: string; got: string }> {
    const { directory, now: start } = await begin();
    const asked: string[] = [];
    const counted = await Promise.all([counters(real), counters(embedded)]);
    let now = start;
    for (const request of [...requests, `GET /v2/keys/${directory}?recursive=true&sorted=true`]) {
      const exchange = located(request, directory, now);
      asked.push(JSON.stringify(bytesOf(exchange)));
      const [wanted, got] = await Promise.all([answer(real, exchange), answer(embedded, exchange)]);
      if (got !== wanted) return { wanted: [...asked, wanted].join('\n'), got: [...asked, got].join('\n') };
      now = Number(/^X-Etcd-Index: ([1-9]\d*)$/m.exec(wanted)?.[1] ?? now);
    }
    const [wanted, got] = await Promise.all([counters(real, counted[0]), counters(embedded, counted[1])]);
    return { wanted: [...asked, wanted].join('\n'), got: [...asked, got].join('\n') };
  }

  /** What a server has counted since an earlier time. */
  async function counters(party: Party, since = '{}'): Promise<string> {
    const { body } = await party.ask('GET /v2/stats/store');
    const earlier = JSON.parse(since) as Record<string, number>;
    const counts = Object.entries(JSON.parse(body) as Record<string, number>);
    return JSON.stringify(
      Object.fromEntries(counts.map(([name, count]) => [name, count - (earlier[name] ?? 0)])),
    );
  }

  it(
    'are answered as a real etcd answers them',
    async () => {
      const sequence = array(randomRequest, { minLength: 1, maxLength: 120, size: 'max' });
      const property = asyncProperty(sequence, async (requests) => {
        const { wanted, got } = await answers(requests);
        expect(got).toBe(wanted);
      });
      await assert(property, { seed, numRuns: sequences });
    },
    sequences * 5_000,
  );
});
