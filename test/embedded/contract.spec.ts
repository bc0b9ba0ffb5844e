import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { rawRequest } from '../support/raw-request.js';
import { authContract } from './contract-auth.js';
import { countersContract, httpContract } from './contract-http.js';
import { keysContract } from './contract-keys.js';
import { membersContract } from './contract-members.js';
import { brokenBodiesContract, parametersContract } from './contract-parameters.js';
import { askForHealthAsOften } from './counters.js';
import { bytesOf, detail, type Exchange, Party, showAnswer } from './exchange.js';

describe('the embedded server answers as a real etcd does', () => {
  let member: EtcdMember;
  let server: EmbeddedEtcd;
  let real: Party;
  let embedded: Party;

  beforeAll(async () => {
    [member, server] = await Promise.all([EtcdMember.start({ name: 'default' }), EmbeddedEtcd.start()]);
    real = new Party(member.url);
    embedded = new Party(server.url);
    await askForHealthAsOften(real, embedded);
  });

  afterAll(async () => {
    for (const party of [real, embedded]) party[Symbol.dispose]();
    await Promise.all([member.stop(), server.stop()]);
  });

  /** @returns what both have said, after what they were asked */
  async function answers(exchange: Exchange): Promise<string[]> {
    const request = JSON.stringify(bytesOf(exchange).slice(0, 1_000));
    const show = async (party: Party): Promise<string> => {
      const answer = await party.ask(exchange).then((received) => showAnswer(received, exchange), String);
      return `${request}\n${answer}`;
    };
    return Promise.all([show(real), show(embedded)]);
  }

  const sections = {
    ...keysContract,
    ...parametersContract,
    ...brokenBodiesContract,
    ...httpContract,
    ...countersContract,
    ...authContract,
  };
  it.each(Object.entries(sections))('%s', async (_, exchanges) => {
    for (const exchange of exchanges) {
      const [wanted, got] = await answers(exchange);
      expect(got).toBe(wanted);
    }
  });

  it('changes of the members', async () => {
    const seat = { name: 'default' };
    await using alone = await EtcdMember.start(seat);
    await using one = await EmbeddedEtcd.start();
    const parties = await Promise.all(
      [alone.url, one.url].map(async (url) => {
        const { body } = await rawRequest(`${url}/v2/members`);
        const { members } = JSON.parse(body) as { members: { id: string; peerURLs: string[] }[] };
        const { id = '', peerURLs = [] } = members[0] ?? {};
        const located = (text: string) => text.replaceAll('[ID]', id).replaceAll('[PEER]', peerURLs[0] ?? '');
        return { party: new Party(url), located };
      }),
    );
    for (const exchange of membersContract) {
      const { request, headers, body } = detail(exchange);
      const [wanted, got] = await Promise.all(
        parties.map(async ({ party, located }) => {
          const asked = { request: located(request), headers, body: body && located(body) } as Exchange;
          const shown = showAnswer(await party.ask(asked), asked);
          return `${JSON.stringify(exchange)}\n${shown}`;
        }),
      );
      expect(got).toBe(wanted);
    }
    for (const { party } of parties) party[Symbol.dispose]();
  });

  it('and would be found out if it did not', async () => {
    await embedded.ask('PUT /v2/keys/one/more');
    const [wanted, got] = await answers('GET /v2/keys/none/at/all');
    expect(got).not.toBe(wanted);
  });
});
