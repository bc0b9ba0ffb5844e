import { Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EtcdService } from 'nestjs-etcd';
import { KeysService } from '../keys/keys.service.js';
import { LiveService } from '../live/live.service.js';

/** What the strip chart shows: one sample a second. */
@Injectable()
export class SamplesService {
  private isReading = false;

  constructor(
    private readonly etcd: EtcdService,
    private readonly keys: KeysService,
    private readonly live: LiveService,
  ) {}

  @Interval(1_000)
  async sample(): Promise<void> {
    if (this.isReading) return;
    this.isReading = true;
    const latency = await this.measure();
    this.live.addSample({ events: this.keys.takeEvents(), latency });
    this.isReading = false;
  }

  /** How long a small read through raft takes. */
  private async measure(): Promise<number | null> {
    const begin = performance.now();
    try {
      await this.etcd.find('/control-room', { quorum: true, timeout: 900 });
      return Math.round((performance.now() - begin) * 100) / 100;
    } catch {
      return null;
    }
  }
}
