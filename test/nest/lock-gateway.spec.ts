import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AddressInfo } from 'node:net';
import { type ExecutionContext, type INestApplication, UseInterceptors } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import {
  CurrentLock,
  EtcdClient,
  EtcdLock,
  type EtcdLockHandle,
  EtcdModule,
  LockInterceptor,
} from 'nestjs-etcd';
import { WebSocket } from 'undici';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { moment } from './locking.js';

let gate: ReturnType<typeof moment>;

@WebSocketGateway()
class OrdersGateway {
  @SubscribeMessage('pay')
  @UseInterceptors(LockInterceptor)
  @EtcdLock((context: ExecutionContext) => `orders/${context.switchToWs().getData<{ id: string }>().id}`)
  async pay(@MessageBody() { id }: { id: string }, @CurrentLock() lock: EtcdLockHandle) {
    await gate.happened;
    return { event: 'paid', data: { id, lock: lock.name, isHeld: lock.isHeld } };
  }
}

describe('A gateway with locked handlers', () => {
  let etcd: EtcdMember;
  let outside: EtcdClient;
  let app: INestApplication;
  let socket: WebSocket;
  const answers: unknown[] = [];

  beforeAll(async () => {
    etcd = await EtcdMember.start();
    outside = new EtcdClient({ hosts: etcd.url, ...patient });
    const module = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: etcd.url })],
      providers: [OrdersGateway],
    }).compile();
    app = module.createNestApplication(new ExpressAdapter(), { logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    socket = new WebSocket(`ws://127.0.0.1:${port}`);
    socket.addEventListener('message', ({ data }) => answers.push(JSON.parse(String(data))));
    await new Promise((resolve) => socket.addEventListener('open', resolve));
  });
  afterAll(async () => {
    socket.close();
    await app.close();
    await outside.close();
    await etcd.stop();
  });

  it('handles one message for a lock at a time, gives the handler its lock, and refuses the others', async () => {
    gate = moment();
    const pay = (id: string): void => socket.send(JSON.stringify({ event: 'pay', data: { id } }));
    for (const id of ['1', '2']) {
      pay(id);
      await waitFor(async () => (await outside.lock(`orders/${id}`).holder()) !== undefined);
    }
    pay('1');
    await waitFor(() => answers.length === 1);
    expect(answers.splice(0)).toMatchObject([{ event: 'exception', data: { status: 'error' } }]);
    gate.happen(undefined);
    await waitFor(() => answers.length === 2);
    expect(answers).toEqual(
      expect.arrayContaining(
        ['1', '2'].map((id) => ({ event: 'paid', data: { id, lock: `orders/${id}`, isHeld: true } })),
      ),
    );
    await waitFor(async () => (await outside.lock('orders/1').holder()) === undefined);
  });
});
