import { ConflictException, Injectable } from '@nestjs/common';
import { type EtcdEvent, type EtcdNode, EtcdService, EtcdWatch } from 'nestjs-etcd';
import type { KeyState } from '../live/live.types.js';
import { LiveService } from '../live/live.service.js';

/** Longer values are shown by their beginning. */
const mostShown = 4_096;

@Injectable()
export class KeysService {
  private events = 0;

  constructor(
    private readonly etcd: EtcdService,
    private readonly live: LiveService,
  ) {}

  /** How many changes there were since the last call. */
  takeEvents(): number {
    const { events } = this;
    this.events = 0;
    return events;
  }

  @EtcdWatch('/', { recursive: true, initial: true })
  onChange(event: EtcdEvent): void {
    if (event.action === 'resync') {
      // What differs, so that the pages do not flash for what has stayed.
      for (const key of event.removed) this.live.removeKey(key);
      for (const node of [...event.added, ...event.changed]) this.show(node);
      return;
    }
    this.events++;
    if (event.removal) this.live.removeKey(event.key);
    else this.show(event.node);
  }

  /** Writes a value if it still is the one that was seen, and leaves the time to live as it is. */
  async edit(key: string, value: string, seen: string): Promise<void> {
    const { node } = await this.etcd.get(key, { quorum: true });
    if (node.value !== seen) throw new ConflictException('Somebody has changed or removed it meanwhile.');
    await this.etcd.compareAndSwap(key, value, { prevIndex: node.modifiedIndex, ttl: node.ttl });
  }

  private show(node: EtcdNode): void {
    if (node.key !== '/') this.live.setKey(node.key, stateOf(node));
  }
}

function stateOf({ value = '', dir, expiration, modifiedIndex }: EtcdNode): KeyState {
  return {
    index: modifiedIndex,
    ...(dir ? { isDirectory: true } : { value: value.slice(0, mostShown) }),
    ...(expiration !== undefined && { expires: true }),
    ...(value.length > mostShown && { isCut: true }),
  };
}
