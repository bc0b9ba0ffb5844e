import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { EtcdService, type EtcdInstance, type EtcdRegistration } from 'nestjs-etcd';

@Injectable()
export class InstancesService implements OnModuleDestroy {
  private readonly registry;
  private readonly discovery;
  private registration: EtcdRegistration | undefined;

  constructor(etcd: EtcdService) {
    this.registry = etcd.registry('quickstart', { ttl: 5 });
    this.discovery = this.registry.discover();
  }

  /** Tells the others where this process listens, for as long as it lives. */
  async register(url: string): Promise<void> {
    this.registration = await this.registry.register({ url, metadata: { pid: process.pid } });
  }

  async list(): Promise<readonly EtcdInstance[]> {
    await this.discovery.ready;
    return this.discovery.instances;
  }

  async onModuleDestroy(): Promise<void> {
    await this.registration?.deregister();
    await this.discovery.close();
  }
}
