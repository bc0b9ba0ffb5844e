import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, SetMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EtcdClient, EtcdLeaders, EtcdModule, getEtcdLeadersToken, LeaderOnly } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { moment } from './locking.js';
import { Replica } from './replica.js';

describe('@LeaderOnly', () => {
  let etcd: EtcdMember;
  let calls: string[];

  beforeAll(async () => {
    etcd = await EtcdMember.start();
  });
  afterAll(() => etcd.stop());
  beforeEach(() => {
    calls = [];
  });

  @Injectable()
  class Jobs {
    @SetMetadata('cron', 'above')
    @LeaderOnly('jobs')
    @SetMetadata('timeout', 'below')
    async hourly(name: string): Promise<void> {
      calls.push(name);
    }
  }

  it('lets the method run on the leader alone, and keeps its metadata', async () => {
    const options = { hosts: etcd.url };
    await using first = await Replica.start(options, Jobs);
    await waitFor(() => first.isLeader('jobs'));
    await using second = await Replica.start(options, Jobs);
    await first.app.get(Jobs).hourly('first');
    await second.app.get(Jobs).hourly('second');
    expect(calls).toEqual(['first']);
    await first.app.close();
    await waitFor(() => second.isLeader('jobs'));
    await second.app.get(Jobs).hourly('second');
    await first.app.get(Jobs).hourly('first');
    expect(calls).toEqual(['first', 'second']);
    const hourly = Reflect.get(Jobs.prototype, 'hourly') as object;
    const metadata = ['cron', 'timeout'].map((key): unknown => Reflect.getMetadata(key, hourly));
    expect(metadata).toEqual(['above', 'below']);
    expect([Reflect.get(hourly, 'name'), Reflect.get(hourly, 'length')]).toEqual(['hourly', 1]);
  });

  it('waits for a job that runs before it resigns', async () => {
    const [begun, end] = [moment(), moment()];
    @Injectable()
    class Long {
      @LeaderOnly('long')
      async job(): Promise<void> {
        begun.happen(undefined);
        await end.happened;
        calls.push('ended');
      }
    }
    const options = { hosts: etcd.url };
    const replica = await Replica.start(options, Long);
    await waitFor(() => replica.isLeader('long'));
    const job = replica.app.get(Long).job();
    await begun.happened;
    await using outside = new EtcdClient(options);
    const closed = replica.app.close();
    await waitFor(() => replica.types.includes('leader.ended'));
    // It still has the lead, so that nobody else runs beside the job, and begins nothing new.
    await expect(outside.election('long').leader()).resolves.toBeDefined();
    expect(replica.isLeader('long')).toBe(false);
    await replica.app.get(Long).job();
    expect(calls).toEqual([]);
    end.happen(undefined);
    await Promise.all([job, closed]);
    expect(calls).toEqual(['ended']);
    await expect(outside.election('long').leader()).resolves.toBeUndefined();
  });

  it('works on what a factory makes, and for methods that override and call it', async () => {
    class Base {
      @LeaderOnly('base')
      async job(): Promise<void> {
        calls.push('base');
      }
    }
    @Injectable()
    class Child extends Base {
      override async job(): Promise<void> {
        calls.push('child');
        await super.job();
      }
    }
    const app = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: etcd.url })],
      providers: [Child, { provide: 'made', useFactory: () => new Base() }],
    }).compile();
    await app.init();
    await waitFor(() => app.get(EtcdLeaders).isLeader('base'));
    await app.get(Child).job();
    await app.get<Base>('made').job();
    expect(calls).toEqual(['child', 'base', 'base']);
    await app.close();
    // A call that does nothing can be awaited as any other.
    await expect(
      app
        .get<Base>('made')
        .job()
        .catch(() => 'failed'),
    ).resolves.toBeUndefined();
  });

  it('asks the connection that it names', async () => {
    @Injectable()
    class Other {
      @LeaderOnly('jobs', { connection: 'other', prefix: 'my/elections' })
      async job(): Promise<void> {
        calls.push('other');
      }
    }
    const app = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: etcd.url, name: 'other' })],
      providers: [Other],
    }).compile();
    await app.init();
    const leaders = app.get<EtcdLeaders>(getEtcdLeadersToken('other'));
    await waitFor(() => leaders.isLeader('jobs'));
    await app.get(Other).job();
    expect(calls).toEqual(['other']);
    await using client = new EtcdClient({ hosts: etcd.url });
    await expect(client.election('jobs', { prefix: '/my/elections' }).leader()).resolves.toMatchObject({
      term: leaders.leadership('jobs')?.term,
    });
    await app.close();
  });

  it('says what to do when the instance was not made by Nest', () => {
    expect(() => new Jobs().hourly('x')).toThrow(
      'Jobs#hourly needs `EtcdLeaders`, and was not made by Nest.',
    );
  });
});
