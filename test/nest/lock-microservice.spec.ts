import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Catch, Controller, type ExecutionContext, type INestMicroservice, UseFilters } from '@nestjs/common';
import { type ExceptionFilter, UseInterceptors } from '@nestjs/common';
import { ClientProxyFactory, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import type { ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  CurrentLock,
  EtcdClient,
  EtcdLock,
  type EtcdLockHandle,
  EtcdLockNotAcquiredError,
  EtcdModule,
  LockInterceptor,
} from 'nestjs-etcd';
import { firstValueFrom, throwError } from 'rxjs';
import { freePort } from '../../scripts/etcd-process.mjs';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { moment } from './locking.js';

interface Order {
  readonly id: string;
}

let gate: ReturnType<typeof moment>;

@Catch(EtcdLockNotAcquiredError)
class LockedFilter implements ExceptionFilter<EtcdLockNotAcquiredError> {
  catch({ code }: EtcdLockNotAcquiredError) {
    return throwError(() => ({ code }));
  }
}

@Controller()
class Orders {
  @MessagePattern('pay')
  @UseFilters(LockedFilter)
  @UseInterceptors(LockInterceptor)
  @EtcdLock((context: ExecutionContext) => `orders/${context.switchToRpc().getData<Order>().id}`)
  async pay(@Payload() { id }: Order, @CurrentLock() lock: EtcdLockHandle) {
    await gate.happened;
    return { id, lock: lock.name, isHeld: lock.isHeld };
  }
}

describe('A microservice with locked handlers', () => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let app: INestMicroservice;
  let client: ClientProxy;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
    outside = new EtcdClient({ hosts: etcd.url, ...patient });
    const options = { host: '127.0.0.1', port: await freePort() };
    const module = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: etcd.url })],
      controllers: [Orders],
    }).compile();
    app = module.createNestMicroservice({ transport: Transport.TCP, options, logger: false });
    await app.listen();
    client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  });
  afterAll(async () => {
    client.close();
    await app.close();
    await outside.close();
    await etcd.stop();
  });

  it('handles one message for a lock at a time, gives the handler its lock, and refuses the others', async () => {
    gate = moment();
    const pay = (id: string): Promise<unknown> => firstValueFrom(client.send<unknown, Order>('pay', { id }));
    const [first, other] = [pay('1'), pay('2')];
    for (const id of ['1', '2'])
      await waitFor(async () => (await outside.lock(`orders/${id}`).holder()) !== undefined);
    await expect(pay('1')).rejects.toEqual({ code: 'ETCD_LOCK_NOT_ACQUIRED' });
    gate.happen(undefined);
    await expect(first).resolves.toEqual({ id: '1', lock: 'orders/1', isHeld: true });
    await expect(other).resolves.toEqual({ id: '2', lock: 'orders/2', isHeld: true });
    await waitFor(async () => (await outside.lock('orders/1').holder()) === undefined);
  });
});
