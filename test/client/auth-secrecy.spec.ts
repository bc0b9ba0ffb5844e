import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';
import { EtcdClient, type EtcdLogger } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { HttpStub, RESET } from '../support/http-stub.js';

const password = 'hunter2-сек';
const auth = { username: 'root', password };
const secrets = [password, 'hunter2', Buffer.from(`root:${password}`).toString('base64')];

/** Everything that can be seen of a value: own and inherited, hidden, nested, and the chain of causes. */
function everythingOf(value: unknown): string {
  const texts = [inspect(value, { depth: Infinity, showHidden: true, maxStringLength: Infinity })];
  for (let error = value; error instanceof Error; error = error.cause)
    texts.push(
      String(error),
      error.stack ?? '',
      JSON.stringify(error),
      JSON.stringify(Object.entries(error)),
    );
  return texts.join('\n');
}

function expectNoSecret(text: string): void {
  for (const secret of secrets) expect(text).not.toContain(secret);
}

describe('A password', () => {
  const errorOf = (call: Promise<unknown>) =>
    call.then(
      () => {
        throw new Error('The call did not fail.');
      },
      (reason: unknown) => reason,
    );

  it('is not to be seen in a client, its parts and its namespaces', async () => {
    await using etcd = new EtcdClient({ hosts: 'http://127.0.0.1:1', auth });
    for (const part of [
      etcd,
      etcd.namespace('/a'),
      etcd.users,
      etcd.roles,
      etcd.auth,
      etcd.members,
      etcd.stats,
    ]) {
      expectNoSecret(everythingOf(part));
      expectNoSecret(JSON.stringify(part));
      expectNoSecret(String(part));
    }
    // The control: the same look finds it in the options.
    expect(everythingOf({ a: { b: { c: { auth } } } })).toContain(password);
  });

  it('is in no error of a wrong option', () => {
    for (const options of [
      { hosts: [], auth },
      { auth: { ...auth, passwort: password } },
      { auth: { username: 5, password } },
      { auth: `root:${password}` },
      { auth: { username: 'root', password: [password] } },
      { hosts: `http://root:${password}@127.0.0.1` },
      { hosts: `root:${password}@127.0.0.1` },
    ]) {
      let error: unknown;
      try {
        void new EtcdClient(options as never).close();
      } catch (reason) {
        error = reason;
      }
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS' });
      expectNoSecret(everythingOf(error));
    }
  });

  it('is in no error of a request, and in no line of the log', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    const lines: string[] = [];
    const write = (message: string) => lines.push(message);
    const logger: EtcdLogger = { log: write, warn: write, error: write };
    await using etcd = new EtcdClient({ hosts: member.url, auth, logger, timeout: 3_000 });

    await etcd.users.create('root', password);
    const errors = [await errorOf(etcd.users.create('root', password, ['root']))];
    await etcd.auth.enable();
    await using wrong = new EtcdClient({ hosts: member.url, auth: { ...auth, password: `${password}!` } });
    errors.push(await errorOf(wrong.get('/k')), await errorOf(wrong.users.changePassword('root', password)));

    member.proxy?.cutAfter(0);
    errors.push(
      await errorOf(etcd.append('/k', 'v')),
      await errorOf(etcd.users.changePassword('root', password)),
    );
    member.proxy?.cutAfter(undefined);
    await member.proxy?.stop();
    errors.push(await errorOf(etcd.get('/k')), await errorOf(etcd.users.create('u', password, 'r')));
    await etcd.close();
    errors.push(await errorOf(etcd.users.create('u', password)));

    expect(new Set(errors.map((error) => (error as { code: string }).code)).size).toBeGreaterThanOrEqual(4);
    for (const error of errors) expectNoSecret(everythingOf(error));
    expect(lines.length).toBeGreaterThan(0);
    expectNoSecret(lines.join('\n'));
  });

  it('is in no error of a server that sends it back', async () => {
    let reply = '';
    await using stub = await HttpStub.start(async function* ({ path }) {
      if (path === '/v2/members') yield 'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"members":[]}';
      else yield reply;
      yield RESET;
    });
    await using etcd = new EtcdClient({ hosts: stub.url, auth, timeout: 500, sync: false });
    for (reply of [
      `garbage ${password}\r\n\r\n`,
      `HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"${password}`,
    ])
      expectNoSecret(everythingOf(await errorOf(etcd.set('/k', 'v'))));
    // The control: the credentials were sent there.
    expect(stub.requests.map(({ headers }) => headers['authorization'])).toContain(`Basic ${secrets[2]}`);
  });
});
