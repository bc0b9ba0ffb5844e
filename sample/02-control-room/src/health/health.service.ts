import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EtcdService } from 'nestjs-etcd';
import { LiveService } from '../live/live.service.js';
import type { MemberState } from '../live/live.types.js';

const timeout = 1_500;

/** Asks each member of the cluster how it is. */
@Injectable()
export class HealthService implements OnModuleInit {
  private isAsking = false;

  constructor(
    private readonly etcd: EtcdService,
    private readonly live: LiveService,
  ) {
    live.set('members', []);
  }

  onModuleInit(): void {
    void this.ask();
  }

  @Interval(2_000)
  async ask(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      this.live.set('members', await this.members());
    } catch {
      // The application ends, or has not found a member yet.
    } finally {
      this.isAsking = false;
    }
  }

  private async members(): Promise<MemberState[]> {
    const [{ members, healthy }, { servers }] = await Promise.all([
      this.etcd.checks.leader({ timeout }),
      this.etcd.checks.version({ timeout }),
    ]);
    const leader = healthy ? await this.etcd.leader({ timeout }).catch(() => undefined) : undefined;
    const sorted = members.toSorted((one, other) => one.endpoint.localeCompare(other.endpoint));
    return sorted.map(({ endpoint, healthy: isHealthy, reason }) => ({
      endpoint,
      isHealthy,
      reason,
      version: servers[endpoint],
      isLeader: leader?.clientURLs.includes(endpoint) ?? false,
    }));
  }
}
