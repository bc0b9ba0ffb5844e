import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { EtcdClient, type EtcdEvent, EtcdWatch } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { Watching } from './watching.js';

describe('The watches of an application that end by themselves', () => {
  let etcd: EtcdMember;
  let guarded: EtcdMember;
  let seen: EtcdEvent[];
  let root: EtcdClient;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
    guarded = await EtcdMember.start();
    await using anybody = new EtcdClient({ hosts: guarded.url, ...patient });
    await anybody.users.create('root', 'p');
    await anybody.auth.enable();
    root = new EtcdClient({ hosts: guarded.url, auth: { username: 'root', password: 'p' }, ...patient });
    await root.roles.delete('guest');
    await root.users.create('app', 'p');
  });

  afterAll(async () => {
    await root.close();
    await guarded.stop();
    await etcd.stop();
  });

  beforeEach(() => {
    seen = [];
  });

  it('are logged and told of once, tried again ever later, and begin with a `resync` once they may', async () => {
    @Injectable()
    class Refused {
      @EtcdWatch('/refused', { recursive: true, actions: ['expire'] })
      onChange(event: EtcdEvent) {
        seen.push(event);
      }
    }
    await root.set('/refused/a', '1');
    const options = { hosts: guarded.url, auth: { username: 'app', password: 'p' } };
    await using app = await Watching.start({ options, providers: [Refused] }, 0);
    await waitFor(() => app.of('watch.ended').length === 2);
    const [first, second] = app.of('watch.ended');
    const told = {
      type: 'watch.ended',
      connection: undefined,
      handler: 'Refused#onChange',
      key: '/refused',
      error: expect.objectContaining({ code: 'ETCD_UNAUTHORIZED' }),
      retryIn: expect.any(Number),
    };
    expect([first, second]).toEqual([told, told]);
    expect(first?.retryIn).toBeGreaterThanOrEqual(800);
    expect(first?.retryIn).toBeLessThanOrEqual(1_000);
    expect(second?.retryIn).toBeGreaterThanOrEqual(1_600);
    expect(second?.retryIn).toBeLessThanOrEqual(2_000);

    await root.roles.create('reader', { read: '/refused*' });
    await root.users.grant('app', 'reader');
    await waitFor(() => seen.length === 1);
    expect(seen[0]).toMatchObject({
      action: 'resync',
      reason: 'initial',
      node: { children: [{ key: '/refused/a' }] },
    });
    expect(app.of('watch.ready')).toHaveLength(1);
    expect(app.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringMatching(
        /^error The watch of \/refused for Refused#onChange has ended, and is started again in (0\.[89]|1\.0) s: EtcdUnauthorizedError: /,
      ),
      'log The watch of /refused for Refused#onChange is back; the handler gets the present state.',
    ]);
  });

  it('do not keep the application from closing while they wait to be tried again', async () => {
    @Injectable()
    class Refused {
      @EtcdWatch('/never-allowed')
      onChange() {}
    }
    const options = { hosts: guarded.url, auth: { username: 'app', password: 'p' } };
    await using app = await Watching.start({ options, providers: [Refused] }, 0);
    // The next try is more than 3 s away then.
    await waitFor(() => app.of('watch.ended').length === 3);
    const at = performance.now();
    await app.app.close();
    expect(performance.now() - at).toBeLessThan((app.of('watch.ended')[2]?.retryIn ?? 0) / 2);
  });

  it('are given up without a word when the client was closed meanwhile', async () => {
    @Injectable()
    class Refused {
      @EtcdWatch('/never-allowed')
      onChange() {}
    }
    const options = { hosts: guarded.url, auth: { username: 'app', password: 'p' } };
    await using app = await Watching.start({ options, providers: [Refused] }, 0);
    await waitFor(() => app.of('watch.ended').length === 1);
    await app.etcd.close();
    // Nothing can be waited for: that nothing comes of the next attempt is the point.
    await sleep((app.of('watch.ended')[0]?.retryIn ?? 0) + 300);
    expect(app.of('watch.ended')).toHaveLength(1);
    expect(app.lines).toHaveLength(1);
  });

  it('are not tried again for a key that cannot be sent, or when the client was closed', async () => {
    @Injectable()
    class Endless {
      @EtcdWatch('/half-a-pair/\ud800')
      wrong() {}

      @EtcdWatch('/closing', { initial: true })
      right(event: EtcdEvent) {
        seen.push(event);
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Endless] });
    await waitFor(() => app.of('watch.ended').length === 1 && seen.length === 1);
    expect(app.of('watch.ended')[0]).toMatchObject({
      handler: 'Endless#wrong',
      error: { code: 'ETCD_INVALID_KEY' },
      retryIn: undefined,
    });
    await app.etcd.close();
    expect(app.of('watch.ended')).toHaveLength(1);
    expect(app.lines.map(({ message }) => message)).toEqual([
      expect.stringMatching(/for Endless#wrong has ended, and is not started again: EtcdInvalidKeyError/),
    ]);
  });
});
