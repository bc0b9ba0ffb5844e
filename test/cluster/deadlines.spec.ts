import { getEventListeners } from 'node:events';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EtcdClient,
  EtcdConnectionError,
  type EtcdError,
  EtcdIndeterminateError,
  EtcdTimeoutError,
} from 'nestjs-etcd/client';

import { patient } from '../support/patient.js';
import { freePort, waitFor } from '../support/wait-for.js';
import { FakeMember, silence } from './fake-member.js';

async function failure(work: Promise<unknown>): Promise<EtcdError & { after: number }> {
  const start = performance.now();
  try {
    await work;
  } catch (error) {
    return Object.assign(error as EtcdError, { after: performance.now() - start });
  }
  throw new Error('It did not fail.');
}

let silent: FakeMember;
let healthy: FakeMember;

beforeAll(async () => {
  silent = await FakeMember.start();
  healthy = await FakeMember.start();
  // The first request of a process loads undici, which takes its time.
  await using client = new EtcdClient({ hosts: healthy.url, ...patient });
  await client.get('/a');
});
beforeEach(() => silent.change({ keys: () => silence }));

/** Makes `silent` the member that a client keeps to. */
async function befriend(client: EtcdClient): Promise<void> {
  silent.change({ keys: () => silent.node(5) });
  await client.get('/a');
  silent.change({ keys: () => silence });
}

afterAll(async () => {
  await silent[Symbol.asyncDispose]();
  await healthy[Symbol.asyncDispose]();
});

describe('the time of a try and the deadline of a call', () => {
  it('spends on a silent member no more than the time of a try', async () => {
    await using client = new EtcdClient({
      hosts: [silent.url, healthy.url],
      order: 'given',
      tryTimeout: 300,
    });
    const start = performance.now();
    await client.get('/a');
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(299);
    // Who tried on would do so up to the deadline of 5 s.
    expect(took).toBeLessThan(2_500);
  });

  it('lets a member take longer than a try when it keeps on speaking', async () => {
    await using slow = await FakeMember.start({
      keys: async function* slowly() {
        const [head = '', body = ''] = slow.node(5).split('\r\n\r\n');
        yield `${head}\r\n\r\n`;
        for (const byte of body) {
          await new Promise((resolve) => setTimeout(resolve, 15));
          yield byte;
        }
      },
    });
    await using client = new EtcdClient({ hosts: slow.url, tryTimeout: 500 });
    const start = performance.now();
    expect((await client.get('/a')).node.value).toBe('v');
    expect(performance.now() - start).toBeGreaterThan(1_000);
    expect(slow.served).toHaveLength(1);
  });

  it('ends a read at its deadline, with every try', async () => {
    await using client = new EtcdClient({ hosts: silent.url, tryTimeout: 500, timeout: 2_500 });
    await befriend(client);
    const error = await failure(client.get('/a'));
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(error.mayHaveBeenApplied).toBe(false);
    expect(error.after).toBeGreaterThanOrEqual(2_450);
    // The 5 s are those of a call whose client gives none.
    expect(error.after).toBeLessThan(4_900);
    expect(error.attempts.length).toBeGreaterThanOrEqual(2);
    expect(error.attempts[0]).toEqual({ endpoint: silent.url, outcome: 'no answer within 500 ms' });
  });

  it('ends a write at the first try that was sent, and says that it may have been applied', async () => {
    await using client = new EtcdClient({
      hosts: [silent.url, healthy.url],
      order: 'given',
      tryTimeout: 1_500,
    });
    await befriend(client);
    const before = healthy.served.length;
    const error = await failure(client.set('/a', '1'));
    expect(error).toBeInstanceOf(EtcdIndeterminateError);
    expect(error.attempts).toEqual([{ endpoint: silent.url, outcome: 'no answer within 1500 ms' }]);
    expect(error.after).toBeLessThan(4_500);
    expect(healthy.served).toHaveLength(before);
  });

  it('repeats an idempotent write on the next member', async () => {
    await using client = new EtcdClient({
      hosts: [silent.url, healthy.url],
      order: 'given',
      tryTimeout: 200,
    });
    await client.set('/a', '1', { idempotent: true });
    expect(healthy.served.at(-1)).toBe('PUT /v2/keys/a');
  });

  it('lists what each member answered when none can be reached', async () => {
    const hosts = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    await using client = new EtcdClient({ hosts, order: 'given', timeout: 1_800 });
    const error = await failure(client.set('/a', '1'));
    expect(error).toBeInstanceOf(EtcdConnectionError);
    expect(error.mayHaveBeenApplied).toBe(false);
    expect(error.attempts.slice(0, 2)).toEqual(
      hosts.map((endpoint) => ({ endpoint, outcome: 'ECONNREFUSED' })),
    );
    for (const host of hosts) expect(error.message).toContain(host);
  });

  it('names the member that was still to say who it is when a short deadline passed', async () => {
    silent.change({ keys: () => silence });
    await using mute = await FakeMember.start();
    mute.stub.handler = () => silence;
    await using client = new EtcdClient({ hosts: mute.url, timeout: 100, tryTimeout: 10_000 });
    const error = await failure(client.get('/a'));
    expect(error).toBeInstanceOf(EtcdTimeoutError);
    expect(error.attempts).toEqual([{ endpoint: mute.url, outcome: 'no answer before the deadline' }]);
    expect(error.after).toBeLessThan(3_000);
  });

  it('does not turn callers away at once while members rest, who could then come again without a pause', async () => {
    await using client = new EtcdClient({ hosts: `http://127.0.0.1:${await freePort()}`, timeout: 200 });
    const end = performance.now() + 1_000;
    let failures = 0;
    const callers = Array.from({ length: 20 }, async () => {
      for (; performance.now() < end; failures++) await failure(client.get('/a'));
    });
    await Promise.all(callers);
    // Each call takes its 200 ms. Turned away at once, these callers came more than 10,000 times.
    expect(failures).toBeLessThanOrEqual(20 * 7);
  });
});

describe('an AbortSignal', () => {
  const reason = new Error('enough');

  /** Aborts once `when` holds, and looks at how the call ends. */
  async function aborted(
    client: EtcdClient,
    when: () => boolean,
    call: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<EtcdError> {
    const controller = new AbortController();
    const ended = failure(call(controller.signal));
    await waitFor(when, { interval: 5 });
    const start = performance.now();
    controller.abort(reason);
    const error = await ended;
    expect(performance.now() - start).toBeLessThan(200);
    expect(error).toMatchObject({ name: 'AbortError', code: 'ETCD_ABORTED', cause: reason });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await client.close();
    return error;
  }

  it('that is aborted before the call keeps everything from being sent', async () => {
    await using client = new EtcdClient({ hosts: healthy.url });
    const before = healthy.stub.connections;
    const error = await failure(client.set('/a', '1', { signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({ name: 'AbortError', cause: reason, mayHaveBeenApplied: false });
    expect(healthy.stub.connections).toBe(before);
  });

  it('ends a call that waits for a member to say who it is', async () => {
    await using mute = await FakeMember.start();
    mute.stub.handler = () => silence;
    const client = new EtcdClient({ hosts: mute.url });
    const error = await aborted(
      client,
      () => mute.hellos === 1,
      (signal) => client.set('/a', '1', { signal }),
    );
    expect(error.mayHaveBeenApplied).toBe(false);
  });

  for (const [kind, mayHaveBeenApplied] of [
    ['read', false],
    ['write', true],
  ] as const) {
    it(`ends a ${kind} under way, and says that it ${mayHaveBeenApplied ? 'may have been' : 'was not'} applied`, async () => {
      const client = new EtcdClient({ hosts: silent.url });
      const before = silent.served.length;
      const error = await aborted(
        client,
        () => silent.served.length > before,
        (signal) => (kind === 'read' ? client.get('/a', { signal }) : client.set('/a', '1', { signal })),
      );
      expect(error.mayHaveBeenApplied).toBe(mayHaveBeenApplied);
    });
  }

  it('ends a call that waits for its turn on a connection, which was not sent', async () => {
    const client = new EtcdClient({ hosts: silent.url, connections: 1, tryTimeout: 5_000 });
    const before = silent.served.length;
    const first = failure(client.get('/a'));
    const error = await aborted(
      client,
      () => silent.served.length > before,
      (signal) => client.set('/a', '1', { signal }),
    );
    expect(error.mayHaveBeenApplied).toBe(false);
    expect(silent.served).toHaveLength(before + 1);
    expect(await first).toMatchObject({ code: 'ETCD_CLOSED' });
  });

  it('ends a call that waits to try again', async () => {
    await using refusing = await FakeMember.start({
      keys: () => 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n',
    });
    const client = new EtcdClient({ hosts: refusing.url });
    const error = await aborted(
      client,
      () => refusing.served.length >= 3,
      (signal) => client.get('/a', { signal }),
    );
    expect(error.mayHaveBeenApplied).toBe(false);
  });
});
