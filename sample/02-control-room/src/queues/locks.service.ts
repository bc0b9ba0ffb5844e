import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictException, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { EtcdService } from 'nestjs-etcd';
import { QueuesService } from './queues.service.js';

/** So many may wait for locks in this process. */
const mostHolds = 8;

@Injectable()
export class LocksService implements OnModuleDestroy {
  private readonly logger = new Logger(LocksService.name);
  private readonly end = new AbortController();
  private readonly holds = new Set<Promise<void>>();

  constructor(
    private readonly etcd: EtcdService,
    private readonly queues: QueuesService,
  ) {}

  /** Queues up for a lock, and holds it for some time once it has it. */
  hold(name: string, milliseconds: number): void {
    if (this.holds.size >= mostHolds)
      throw new ConflictException(`${mostHolds} wait already in this process.`);
    const hold = this.run(name, milliseconds)
      .catch((error: unknown) => {
        if (!this.end.signal.aborted) this.logger.warn(`The lock '${name}' was not held: ${String(error)}`);
      })
      .finally(() => this.holds.delete(hold));
    this.holds.add(hold);
  }

  async onModuleDestroy(): Promise<void> {
    this.end.abort();
    await Promise.all(this.holds);
  }

  private async run(name: string, milliseconds: number): Promise<void> {
    const { signal } = this.end;
    await using lock = await this.etcd.lock(name, { ttl: 5 }).acquire({ signal });
    this.queues.addOwn(lock.uuid);
    await sleep(milliseconds, undefined, { signal: AbortSignal.any([signal, lock.signal]) }).finally(() =>
      this.queues.removeOwn(lock.uuid),
    );
  }
}
