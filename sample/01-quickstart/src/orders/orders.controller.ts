import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Param, Post, UseGuards, type ExecutionContext } from '@nestjs/common';
import { CurrentLock, EtcdLock, type EtcdLockHandle, LockGuard } from 'nestjs-etcd';

const orderOf = (context: ExecutionContext): string =>
  `orders/${context.switchToHttp().getRequest<{ params: { id: string } }>().params.id}`;

@Controller('orders')
export class OrdersController {
  /** Takes two seconds. A second request for the same order, in whichever process, gets 409 meanwhile. */
  @Post(':id/pay')
  @UseGuards(LockGuard)
  @EtcdLock(orderOf)
  async pay(@Param('id') id: string, @CurrentLock() { signal, fencingToken }: EtcdLockHandle) {
    await sleep(2_000, undefined, { signal });
    return { id, paid: true, fencingToken };
  }
}
