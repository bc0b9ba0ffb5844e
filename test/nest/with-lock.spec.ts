import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable, Scope, SetMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  EtcdClient,
  EtcdLockNotAcquiredError,
  EtcdLockReentryError,
  EtcdModule,
  getCurrentLock,
  WithLock,
} from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { moment } from './locking.js';

let gate: ReturnType<typeof moment>;
const seen: string[] = [];

@Injectable()
class Shipping {
  readonly prefix = 'orders';

  @SetMetadata('below', 1)
  @WithLock(function (this: Shipping, id: string) {
    return `${this.prefix}/${id}`;
  })
  @SetMetadata('above', 2)
  async ship(id: string, how = 'fast'): Promise<string> {
    seen.push(`begin ${id}`);
    await gate.happened;
    seen.push(`end ${id}`);
    return `${id} ${how} ${getCurrentLock()?.name}`;
  }

  @WithLock('impatient', { wait: 0, ttl: 30, prefix: 'other/locks/' })
  async impatient(): Promise<void> {
    await gate.happened;
  }

  @WithLock('outer')
  async outer(): Promise<void> {
    await this.inner();
  }

  @WithLock('outer')
  async inner(): Promise<void> {}

  @WithLock('outer', { reentrant: true })
  async again(): Promise<number | undefined> {
    return getCurrentLock()?.fencingToken;
  }

  @WithLock('outer')
  async nested(): Promise<boolean> {
    return (await this.again()) === getCurrentLock()?.fencingToken;
  }

  @WithLock('failing')
  async fails(): Promise<void> {
    throw new Error('on purpose');
  }
}

@Injectable()
class Express extends Shipping {}

@Injectable({ scope: Scope.TRANSIENT })
class Transient {
  @WithLock('transient', { connection: 'second' })
  async run(): Promise<string | undefined> {
    return getCurrentLock()?.key;
  }
}

describe('@WithLock', () => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let app: TestingModule;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
    outside = new EtcdClient({ hosts: etcd.url, ...patient });
    app = await Test.createTestingModule({
      imports: [
        EtcdModule.forRoot({ hosts: etcd.url }),
        EtcdModule.forRoot({ hosts: etcd.url, name: 'second' }),
      ],
      providers: [Shipping, Express, Transient],
    }).compile();
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await outside.close();
    await etcd.stop();
  });
  beforeEach(() => {
    gate = moment();
    seen.length = 0;
  });

  it('calls the method under the lock of its arguments, and returns what it returns', async () => {
    const shipped = app.get(Shipping).ship('1');
    await waitFor(async () => (await outside.lock('orders/1').holder()) !== undefined);
    gate.happen(undefined);
    await expect(shipped).resolves.toBe('1 fast orders/1');
    await expect(outside.lock('orders/1').holder()).resolves.toBeUndefined();
  });

  it('lets calls of one key wait for each other, of two classes too, and not those of others', async () => {
    const shipped = [app.get(Shipping).ship('2'), app.get(Express).ship('2'), app.get(Shipping).ship('3')];
    await waitFor(async () => (await outside.lock('orders/2').waiters()).length === 1);
    await waitFor(() => seen.length === 2);
    gate.happen(undefined);
    await Promise.all(shipped);
    const ofTwo = seen.filter((line) => line.endsWith('2'));
    expect(ofTwo).toEqual(['begin 2', 'end 2', 'begin 2', 'end 2']);
  });

  it('keeps the metadata, the name and the number of parameters of the method', () => {
    const ship: unknown = Reflect.get(Shipping.prototype, 'ship');
    const metadata = ['below', 'above'].map((key): unknown => Reflect.getMetadata(key, ship as object));
    expect(metadata).toEqual([1, 2]);
    expect([Reflect.get(ship as object, 'name'), Reflect.get(ship as object, 'length')]).toEqual(['ship', 1]);
  });

  it('takes its options', async () => {
    const first = app.get(Shipping).impatient();
    const lock = outside.lock('impatient', { prefix: '/other/locks' });
    await waitFor(async () => (await lock.holder()) !== undefined);
    expect((await lock.holder())?.ttl).toBeGreaterThan(20);
    await expect(app.get(Shipping).impatient()).rejects.toThrow(EtcdLockNotAcquiredError);
    gate.happen(undefined);
    await first;
  });

  it('refuses re-entry, unless it is allowed', async () => {
    await expect(app.get(Shipping).outer()).rejects.toThrow(EtcdLockReentryError);
    await expect(app.get(Shipping).nested()).resolves.toBe(true);
    await expect(outside.lock('outer').holder()).resolves.toBeUndefined();
  });

  it('rejects with what the method throws, and gives the lock back', async () => {
    await expect(app.get(Shipping).fails()).rejects.toThrow('on purpose');
    await expect(outside.lock('failing').holder()).resolves.toBeUndefined();
  });

  it('works on providers of any scope, and on a named connection', async () => {
    const one = await app.resolve(Transient);
    await expect(one.run()).resolves.toMatch(/^\/_locks\/transient\/\d{20}$/);
  });

  it('says what to do when the instance was not made by Nest', async () => {
    await expect(new Shipping().inner()).rejects.toThrow(
      'Shipping#inner needs `EtcdService`, and was not made by Nest.',
    );
  });

  it.each<[string, () => unknown, string]>([
    ['an empty key', () => WithLock(''), '`key`: expected a text that is not empty'],
    ['a wrong ttl', () => WithLock('a', { ttl: 0 }), '`ttl`: expected a whole number of seconds from 1'],
    ['a wrong wait', () => WithLock('a', { wait: -1 }), '`wait`: expected milliseconds'],
    ['an unknown option', () => WithLock('a', { tll: 3 } as never), '`tll`: no such option here'],
  ])('refuses %s when the class is defined', (_what, decorate, message) => {
    const define = (): void => {
      class Wrong {
        async method(): Promise<void> {}
      }
      const decorator = decorate() as MethodDecorator;
      const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'method');
      decorator(Wrong.prototype, 'method', descriptor as never);
    };
    expect(define).toThrow(message);
    expect(define).toThrow('(@WithLock of Wrong#method)');
  });

  it('refuses to stand on a static method', () => {
    expect(() => {
      class Wrong {
        static async method(): Promise<void> {}

        other = 1;
      }
      const descriptor = Object.getOwnPropertyDescriptor(Wrong, 'method');
      WithLock('a')(Wrong, 'method', descriptor as never);
    }).toThrow('`WithLock`: it stands on a static method');
  });
});
