import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EtcdService, type EtcdRegistration } from 'nestjs-etcd';
import { LiveService } from '../live/live.service.js';
import { candidateName } from './candidate-name.js';

@Injectable()
export class InstancesService implements OnModuleDestroy {
  private readonly registry;
  private readonly discovery;
  private registration: EtcdRegistration | undefined;

  constructor(etcd: EtcdService, live: LiveService) {
    this.registry = etcd.registry('control-room', { ttl: 5 });
    this.discovery = this.registry.discover().on('change', (instances) => live.set('instances', instances));
    live.set('instances', []);
    live.set('self', { candidate: candidateName, hosts: process.env['ETCD_HOSTS'] ?? '' });
  }

  /** Tells the others where this process listens, for as long as it lives. */
  async register(url: string): Promise<void> {
    this.registration = await this.registry.register({ id: candidateName, url });
  }

  async onModuleDestroy(): Promise<void> {
    await this.registration?.deregister();
    await this.discovery.close();
  }
}
