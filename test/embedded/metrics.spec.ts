import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { EtcdMember } from '../support/etcd-member.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';
import { askForHealthAsOften } from './counters.js';
import { type Exchange, Party } from './exchange.js';

let member: EtcdMember;
let server: EmbeddedEtcd;
beforeAll(async () => {
  [member, server] = await Promise.all([EtcdMember.start({ name: 'default' }), EmbeddedEtcd.start()]);
  using real = new Party(member.url);
  using embedded = new Party(server.url);
  await askForHealthAsOften(real, embedded);
});
afterAll(() => Promise.all([member.stop(), server.stop()]));

const told =
  /^(# (HELP|TYPE) )?(etcd_server_(has_leader|is_leader|leader_changes|proposals|version)|etcd_cluster_version|etcd_http_|etcd_debugging_store)/;

/** What both tell, but for how long requests took, and how far raft is. */
async function metrics(url: string): Promise<string[]> {
  const { body } = await rawRequest(`${url}/metrics`);
  return body
    .split('\n')
    .filter((line) => told.test(line))
    .map((line) => line.replace(/^(etcd_http_successful_duration_seconds_(sum|bucket).*) .*$/, '$1 TIME'))
    .map((line) => line.replace(/^(etcd_server_proposals_(applied|committed)_total) \d+$/, '$1 INDEX'));
}

const requests: readonly Exchange[] = [
  'PUT /v2/keys/a value=1',
  'GET /v2/keys/a',
  'GET /v2/keys/none',
  'GET /v2/keys/?recursive=true',
  'GET /v2/keys/a?quorum=true',
  'PUT /v2/keys/a?prevExist=false',
  'PUT /v2/keys/a?prevExist=true value=2',
  'POST /v2/keys/q value=1',
  'PUT /v2/keys/b?prevIndex=9',
  'PUT /v2/keys/a?ttl=x',
  'HEAD /v2/keys/a',
  'DELETE /v2/keys/a?prevValue=x',
  'DELETE /v2/keys/a',
  'GET /v2/keys/a?wait=true&waitIndex=4',
  'PUT /v2/keys/t?ttl=1',
];

it('/metrics tells of the v2 API what a real etcd tells', async () => {
  const parties = [new Party(member.url), new Party(server.url)] as const;
  for (const request of requests) for (const party of parties) await party.ask(request);
  for (const { url } of [member, server])
    await waitFor(async () => (await rawRequest(`${url}/metrics`)).body.includes('expires_total 1'), {
      what: 'the expiry',
    });
  const [wanted, got] = await Promise.all([metrics(member.url), metrics(server.url)]);
  expect(got).toEqual(wanted);
  expect(got.length).toBeGreaterThan(100);
  for (const party of parties) party[Symbol.dispose]();
});
