import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdInvalidKeyError, EtcdOptionsError, json } from 'nestjs-etcd/client';

import { HttpStub } from '../support/http-stub.js';
import { waitFor } from '../support/wait-for.js';
import { wrongCalls, wrongKeys } from './wrong-calls.js';

describe('Wrong input', () => {
  /** It answers nothing: a request that reaches it is a failure of the test, or the control. */
  let stub: HttpStub;
  let etcd: EtcdClient;
  beforeAll(async () => {
    stub = await HttpStub.start(() => '');
    etcd = new EtcdClient({ hosts: stub.url, timeout: 300 });
  });
  afterAll(async () => {
    await etcd.close();
    await stub.stop();
  });

  const failureOf = async (call: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await call().then(
        () => 'nothing was wrong',
        (reason: unknown) => reason,
      );
    } catch {
      return 'it was thrown, and not rejected';
    }
  };

  it.each(wrongCalls)(
    '$what is refused by name, with the value and the fix',
    async ({ call, option, says }) => {
      const error = await failureOf(() => call(etcd));
      expect(error).toBeInstanceOf(EtcdOptionsError);
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', option, mayHaveBeenApplied: false, attempts: [] });
      expect((error as Error).message).toMatch(says);
      expect((error as Error).message).toContain(`\`${option}\``);
      expect(stub.connections).toBe(0);
    },
  );

  it.each(wrongKeys)('the key $key is refused by every operation', async ({ key, says }) => {
    const k = key as string;
    const calls = [
      () => etcd.get(k),
      () => etcd.find(k),
      () => etcd.exists(k),
      () => etcd.value(k, json),
      () => etcd.json(k),
      () => etcd.set(k, 'v'),
      () => etcd.create(k, 'v'),
      () => etcd.update(k, 'v'),
      () => etcd.compareAndSwap(k, 'v', { prevIndex: 1 }),
      () => etcd.compareAndDelete(k, { prevIndex: 1 }),
      () => etcd.append(k, 'v'),
      () => etcd.mkdir(k),
      () => etcd.updateDirectory(k),
      () => etcd.rmdir(k),
      () => etcd.delete(k),
      () => etcd.pop(k),
      () => etcd.refresh(k, 1),
      () => etcd.modify(k, () => 'v'),
    ];
    for (const call of calls) {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(EtcdInvalidKeyError);
      expect(error).toMatchObject({ code: 'ETCD_INVALID_KEY', option: 'key' });
      expect((error as Error).message).toMatch(says);
    }
    expect(stub.connections).toBe(0);
  });

  it('shows no value that it refuses for its size, and no password', async () => {
    const huge = 'hunter2'.repeat(2_000_000);
    for (const call of [
      () => etcd.set('/k', huge),
      () => etcd.users.create('u', 5 as never),
      () => etcd.users.create('u', { hunter2: 'hunter2' } as never),
    ])
      expect(String(await failureOf(call))).not.toContain('hunter2');
    expect(stub.connections).toBe(0);
  });

  it('does not count for right input, which is sent', async () => {
    await waitFor(async () => {
      await failureOf(() => etcd.set('/k', 'v'));
      return stub.connections > 0;
    });
    expect(stub.connections).toBeGreaterThan(0);
  });
});
