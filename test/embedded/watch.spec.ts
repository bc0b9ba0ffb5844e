import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { watchContract } from './contract-watch.js';
import { askForHealthAsOften, watchersSettle } from './counters.js';
import { bytesOf, type Exchange, Party, showAnswer } from './exchange.js';
import { Wire } from './wire.js';

/** What one server does in a scenario. */
class Watched implements Disposable {
  readonly party: Party;
  readonly #wires = new Map<string, Wire>();

  constructor(private readonly url: string) {
    this.party = new Party(url);
  }

  /** Does what comes before or after the watches. */
  async ask(exchange: Exchange): Promise<string> {
    return showAnswer(await this.party.ask(exchange), exchange);
  }

  async index(): Promise<number> {
    const { headers } = await this.party.ask('GET /v2/keys');
    return Number(headers.find(([name]) => name === 'X-Etcd-Index')?.[1]);
  }

  /** Begins a watch, and resolves once the server has begun to answer it. */
  async begin(target: string): Promise<void> {
    const wire = await Wire.open(this.url);
    this.#wires.set(target, wire);
    wire.send(bytesOf(`GET ${target}`));
    await waitFor(() => wire.soFar(), { interval: 2, what: `the head of ${target}` });
  }

  /** Everything that has come until now. */
  soFar(): string {
    const shown = [...this.#wires].map(([target, wire]) => {
      const answer = wire.soFar();
      return `GET ${target}\n${answer === undefined ? 'nothing' : showAnswer(answer, `GET ${target}`)}`;
    });
    return shown.join('\n\n');
  }

  [Symbol.dispose](): void {
    this.party[Symbol.dispose]();
    for (const wire of this.#wires.values()) wire[Symbol.dispose]();
  }
}

describe('the embedded server answers watches as a real etcd does', () => {
  let member: EtcdMember;
  let server: EmbeddedEtcd;

  beforeAll(async () => {
    [member, server] = await Promise.all([EtcdMember.start({ name: 'default' }), EmbeddedEtcd.start()]);
    using real = new Party(member.url);
    using embedded = new Party(server.url);
    await askForHealthAsOften(real, embedded);
  });

  afterAll(async () => {
    await Promise.all([member.stop(), server.stop()]);
  });

  it.each(Object.entries(watchContract))('%s', async (_, { before = [], watches, after = [] }) => {
    using real = new Watched(member.url);
    using embedded = new Watched(server.url);
    const parties = [real, embedded] as const;
    const ask = async (exchange: Exchange): Promise<void> => {
      const [wanted, got] = await Promise.all(parties.map((party) => party.ask(exchange)));
      expect(got).toBe(wanted);
    };
    for (const exchange of before) await ask(exchange);
    const now = await real.index();
    expect(await embedded.index()).toBe(now);
    const targets = watches.map((watch) =>
      watch
        .replace('WAIT', 'wait=true')
        .replace(/\[NOW([+-]\d+)?\]/, (_match, distance = '0') => String(now + Number(distance))),
    );
    await Promise.all(
      parties.map(async (party) => {
        for (const target of targets) await party.begin(target);
      }),
    );
    for (const exchange of after) await ask(exchange);
    // Events may be on their way for a moment, also those that must not come.
    await waitFor(() => real.soFar() === embedded.soFar()).catch(() => undefined);
    await sleep(50);
    expect(embedded.soFar()).toBe(real.soFar());
    await watchersSettle(parties.map(({ party }) => party));
    await ask('GET /v2/stats/store');
  });
});
