import { Controller, Get } from '@nestjs/common';
import type { EtcdInstance } from 'nestjs-etcd';
import { InstancesService } from './instances.service.js';

@Controller('instances')
export class InstancesController {
  constructor(private readonly instances: InstancesService) {}

  /** The processes of this application that run at the moment. */
  @Get()
  list(): Promise<readonly EtcdInstance[]> {
    return this.instances.list();
  }
}
