import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient, EtcdUnauthorizedError } from 'nestjs-etcd/client';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { z } from 'zod';
import { waitFor } from '../support/wait-for.js';
import { LogKeeper } from './config-log-keeper.js';

describe('A configuration whose watch is refused', () => {
  let server: EmbeddedEtcd;
  let etcd: EtcdClient;
  let log: LogKeeper;
  /** Whether watches are refused, as after their permission was revoked. */
  let isRefusing: boolean;

  beforeEach(async () => {
    server = await EmbeddedEtcd.start();
    log = new LogKeeper();
    etcd = new EtcdClient({ hosts: server.url, logger: log, watch: { rearm: 350 } });
    isRefusing = false;
    server.failNext({
      status: 401,
      body: '{"errorCode":110,"message":"The request requires user authentication","cause":"Insufficient credentials","index":0}',
      times: 1_000,
      match: ({ url }) => isRefusing && url.includes('wait=true'),
    });
    await etcd.set('/config/a', '1');
  });

  afterEach(async () => {
    await etcd.close();
    await server.stop();
  });

  it('keeps its state, says so once, and follows again when it may', async () => {
    await using config = etcd.config('/config', { schema: z.object({ a: z.number() }) });
    await config.ready;
    const errors: unknown[] = [];
    const changes: unknown[] = [];
    config.on('error', (error) => errors.push(error));
    config.on('change', ({ keys }) => changes.push(keys));
    isRefusing = true;
    await waitFor(() => errors.length >= 2, { what: 'two failures' });
    await etcd.set('/config/a', '2');
    expect(config.value).toEqual({ a: 1 });
    expect(errors[0]).toBeInstanceOf(EtcdUnauthorizedError);
    expect(log.texts.filter((text) => text.includes('/config'))).toEqual([
      expect.stringMatching(
        /^The configuration of \/config is not followed any more, and is read again in \d\.\d s: /,
      ),
    ]);
    isRefusing = false;
    await waitFor(() => changes.length > 0);
    expect(config.value).toEqual({ a: 2 });
    expect(changes).toEqual([['/a']]);
    expect(log.texts).toContain('The configuration of /config is followed again.');
    await etcd.set('/config/a', '3');
    await waitFor(() => config.value.a === 3);
  });

  it('ends the start with the reason', async () => {
    isRefusing = true;
    await expect(etcd.config('/config').ready).rejects.toThrow(EtcdUnauthorizedError);
  });

  it('is not tried again once it is closed', async () => {
    const config = etcd.config('/config');
    await config.ready;
    isRefusing = true;
    await new Promise((resolve) => config.on('error', resolve));
    isRefusing = false;
    const asked = server.requests.length;
    await config.close();
    await using observer = etcd.cache('/other');
    await observer.ready;
    await etcd.set('/config/a', '2');
    const reads = server.requests.slice(asked).filter(({ url }) => url.startsWith('/v2/keys/config?'));
    expect(reads).toEqual([]);
    expect(config.get('a')).toBe(1);
  });
});
