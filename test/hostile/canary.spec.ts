import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdLockStore } from 'nestjs-etcd/client';
import { z } from 'zod';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { freePort, waitFor } from '../support/wait-for.js';
import { auth, canaries, CanaryWitness, everythingOf, tellsSecret } from './canary.js';

const { value, guess, written, password } = canaries;

let member: EtcdMember;
beforeAll(async () => {
  member = await EtcdMember.start({ proxy: true });
});
afterAll(() => member.stop());

describe('The witness', () => {
  it('finds each of the secrets, in each place where it looks', async () => {
    await using witness = new CanaryWitness();
    const header = Buffer.from(`${auth.username}:${password}`).toString('base64');
    for (const secret of [...Object.values(canaries), header]) {
      witness.logger.warn(secret);
      witness.errors.push(new Error('outside', { cause: new Error(secret) }), { a: { b: { c: [secret] } } });
    }
    const etcd = witness.client({ hosts: member.url, ...patient });
    await etcd.set(`/${value.slice(0, 5)}`, 'as a key');
    const seen = witness.told.filter(tellsSecret);
    expect(seen.filter((text) => text.startsWith('line:'))).toHaveLength(6);
    expect(seen.filter((text) => text.startsWith('error:'))).toHaveLength(12);
    expect(seen.some((text) => text.startsWith('nestjs-etcd:request:end:'))).toBe(true);
  });
});

describe('No value and no password is told', () => {
  it('by what etcd refuses', async () => {
    await using witness = new CanaryWitness();
    const etcd = witness.client({ hosts: member.url, auth, ...patient });
    await etcd.set('/refused/file', value);
    const node = (await etcd.get('/refused/file')).node;
    await etcd.set('/refused/file', value);
    await etcd.users.create('other', password);
    const fail = (run: () => unknown) => witness.failure(run);
    const codes = [
      await fail(() => etcd.create('/refused/file', written)),
      await fail(() => etcd.create('/refused/file', written, { uniqueValue: true })),
      await fail(() => etcd.update('/refused/none', written)),
      await fail(() => etcd.update(node, written)),
      await fail(() => etcd.set('/refused', written)),
      await fail(() => etcd.set('/refused/file/below', written)),
      await fail(() => etcd.append('/refused/file', written)),
      await fail(() => etcd.set('/', written)),
      await fail(() => etcd.compareAndSwap('/refused/file', written, { prevValue: guess })),
      await fail(() => etcd.compareAndSwap('/refused/file', written, { prevValue: guess, prevIndex: 1 })),
      await fail(() => etcd.compareAndDelete('/refused/file', { prevValue: guess })),
      await fail(() => etcd.refresh('/refused/file', 10, { prevValue: guess })),
      await fail(() => etcd.lease('/refused/file', written)),
      await fail(() => etcd.users.create('other', password)),
      await fail(() => etcd.users.changePassword('nobody', password)),
      await fail(() => etcd.lock('l').takeOver(guess)),
      await fail(() => etcd.modify('/refused/file', () => 5 as never)),
    ].map(({ code }) => code);
    expect(new Set(codes).size).toBeGreaterThan(8);
    expect(witness.telling).toEqual([]);
  });

  it('by values that are not what was expected', async () => {
    await using witness = new CanaryWitness();
    const etcd = witness.client({ hosts: member.url, ...patient });
    await etcd.set('/schema/text', value);
    await etcd.set('/schema/json', JSON.stringify({ port: value, [`list`]: [value] }));
    const fail = (run: () => unknown) => witness.failure(run);
    const schema = z.object({ port: z.number(), list: z.array(z.literal('x')) });
    const codec = {
      decode: (text: string): never => {
        throw new Error(`${text} is refused`);
      },
      encode: String,
    };
    for (const { code } of [
      await fail(() => etcd.json('/schema/text')),
      await fail(() => etcd.json('/schema/json', { schema })),
      await fail(() => etcd.value('/schema/text', codec)),
    ])
      expect(code).toBe('ETCD_DECODE');
    expect(witness.telling).toEqual([]);
  });

  it('by wrong arguments and options', async () => {
    await using witness = new CanaryWitness();
    const etcd = witness.client({ hosts: member.url });
    const fail = (run: () => unknown) => witness.failure(run);
    const make = (options: object) => fail(() => void witness.client(options));
    const store = new EtcdLockStore(etcd);
    const list = [value];
    for (const { code } of [
      await fail(() => etcd.set('/k', list as never)),
      await fail(() => etcd.set('/k', { secret: value } as never)),
      await fail(() => etcd.set('/k', value, { ttl: -1 })),
      await fail(() => etcd.set('/k', value, { timeout: 0 })),
      await fail(() => etcd.compareAndSwap('/k', value, { prevValue: list as never })),
      await fail(() => etcd.compareAndSwap('/k', value, {} as never)),
      await fail(() => etcd.create('/k', value, { uniqueValue: true, noValueOnSuccess: true })),
      await fail(() => etcd.lease('/k', list as never)),
      await fail(() => etcd.lease('/k', value, { ttl: 0.5 })),
      await fail(() => etcd.election('e').campaign(list as never)),
      await fail(() => etcd.lock('l').takeOver(list as never)),
      await fail(() => etcd.users.create('u', [password] as never)),
      await fail(() => etcd.users.changePassword('u', { password } as never)),
      await fail(() => store.acquire('k', list as never, 1_000)),
      await fail(() => store.renew('k', value, -1)),
      await make({ auth: password }),
      await make({ auth: { username: 'root', password: [password] } }),
      await make({ auth: { ...auth, username: 'a:b' } }),
      await make({ auth: { ...auth, more: password } }),
      await make({ auth: { username: 'root', password: `${password}\uD800` } }),
      await make({ auth, hosts: [] }),
      await make({ hosts: `http://root:${encodeURIComponent(password)}@127.0.0.1:2379` }),
      await make({ hosts: `root:${encodeURIComponent(password)}@127.0.0.1:2379` }),
      await make({ hosts: `http://127.0.0.1:2379?password=${encodeURIComponent(password)}` }),
      await make({ hosts: 'https://127.0.0.1:1', tls: { passphrase: [canaries.passphrase] } }),
      await make({ hosts: 'https://127.0.0.1:1', tls: { cert: 'x', passphrase: canaries.passphrase } }),
      await make({ hosts: 'https://127.0.0.1:1', tls: canaries.passphrase }),
    ])
      expect(code).toMatch(/^ETCD_(OPTIONS|INVALID_KEY)$/);
    // A number would be told as itself, if it were shown.
    for (const run of [
      () => etcd.set('/k', 4_111_111 as never),
      () => etcd.lease('/k', 4_111_111 as never),
      () => etcd.compareAndDelete('/k', { prevValue: 4_111_111 as never }),
      () => etcd.election('e').campaign(4_111_111 as never),
      () => etcd.users.create('u', 4_111_111 as never),
    ])
      expect(everythingOf(await witness.failure(run))).not.toMatch(/4_?111_?111/);
    expect(witness.telling).toEqual([]);
  });

  it('by cut answers, silence, lost members, aborts, and a client that is closed', async () => {
    await using witness = new CanaryWitness();
    const options = { hosts: member.url, tryTimeout: 300, timeout: 900, auth };
    const etcd = witness.client(options);
    await witness.client({ ...options, ...patient }).set('/faults', value);
    const { proxy } = member;
    const calls = [
      () => etcd.get('/faults'),
      () => etcd.set('/faults', written),
      () => etcd.set('/faults', written, { idempotent: true }),
      () => etcd.create(`/faults-${Math.random()}`, written, { uniqueValue: true }),
      () => etcd.append('/faults-queue', written, { uniqueValue: true }),
      () => etcd.compareAndDelete('/faults', { prevValue: guess }),
      () => etcd.modify('/faults', () => written, { uniqueValue: true }),
      () => etcd.users.create('someone', password),
      () => etcd.lease('/faults-lease', written),
      () => etcd.lock('faults').acquire({ wait: 300 }),
      () => etcd.election('faults').campaign(written, { wait: 300 }),
    ];
    const failAll = async () => {
      for (const { code } of await Promise.all(calls.map((call) => witness.failure(call))))
        expect(code).toMatch(/^ETCD_/);
    };
    await waitFor(() => etcd.get('/faults'));
    for (const bytes of [0, 1, 17, 200, 330]) {
      proxy?.cutAfter(bytes);
      await Promise.allSettled(
        calls.map((call) => call().catch((error: unknown) => witness.errors.push(error))),
      );
      proxy?.cutAfter(undefined);
    }
    await waitFor(() => etcd.get('/faults'));
    proxy?.blackHole(true);
    await failAll();
    proxy?.blackHole(false);
    await waitFor(() => etcd.get('/faults'));

    const aborting = new AbortController();
    proxy?.blackHole(true);
    const aborted = [
      witness.failure(() => etcd.set('/faults', written, { signal: aborting.signal })),
      witness.failure(() => etcd.lock('l').acquire({ signal: aborting.signal })),
      witness.failure(() => etcd.watch('/faults', { signal: aborting.signal }).next()),
    ];
    aborting.abort();
    expect(new Set((await Promise.all(aborted)).map(({ code }) => code))).toEqual(new Set(['ETCD_ABORTED']));
    proxy?.blackHole(false);

    await proxy?.refuse();
    proxy?.reset();
    await failAll();
    await proxy?.accept();
    await waitFor(() => etcd.get('/faults'));
    const dead = witness.client({ ...options, hosts: `127.0.0.1:${await freePort()}` });
    await witness.failure(() => dead.set('/k', written));
    await etcd.close();
    await failAll();

    expect(witness.lines.some((line) => line.includes('cluster is lost'))).toBe(true);
    expect(witness.recorder.of('nestjs-etcd:request:error').length).toBeGreaterThan(20);
    expect(witness.telling).toEqual([]);
  }, 120_000);

  it('by watches, caches and listeners that fail, and leases, locks and leaderships that are lost', async () => {
    await using witness = new CanaryWitness();
    const etcd = witness.client({ hosts: member.url, ...patient });
    await using watcher = etcd.watch('/watched', { recursive: true, initial: true });
    watcher.on('change', () => {
      throw new Error('a listener that fails');
    });
    await using cache = etcd.cache('/watched');
    cache.on('change', () => {
      throw new Error('a listener that fails');
    });
    await Promise.all([watcher.ready, cache.ready]);
    await etcd.set('/watched/k', value);
    await etcd.compareAndSwap('/watched/k', written, { prevValue: value });
    await waitFor(() => witness.lines.length >= 4);

    const lease = await etcd.lease('/lost/lease', value);
    const taken = await etcd.lease('/lost/taken', value);
    const lock = await etcd.lock('lost').acquire();
    const leadership = await etcd.election('lost').campaign(value);
    const registration = await etcd.registry('lost').register({ url: 'http://here', metadata: { value } });
    const held = { lease, taken, lock, leadership, registration, watcher, cache };
    witness.errors.push(held);
    await leadership.proclaim(written);
    await etcd.set('/lost/taken', written);
    await etcd.delete('/lost/lease');
    await etcd.delete(lock.key);
    await etcd.delete(leadership.key);
    for (const { signal } of [lease, taken, lock, leadership]) {
      await waitFor(() => signal.aborted);
      witness.errors.push(signal.reason);
    }
    await witness.failure(() => lease.renew());
    await witness.failure(() => taken.change(written));
    await witness.failure(() => leadership.proclaim(written));
    // What is cleared away in the background may log, too.
    await etcd.close();
    await sleep(0);
    expect(witness.recorder.of('nestjs-etcd:lease:lost').length).toBeGreaterThanOrEqual(4);
    expect(witness.recorder.of('nestjs-etcd:watch:event').length).toBeGreaterThan(1);
    expect(witness.telling).toEqual([]);
  });
});
