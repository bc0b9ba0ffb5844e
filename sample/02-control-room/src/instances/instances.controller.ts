import { Controller, HttpCode, Post } from '@nestjs/common';
import { ReplicasService } from './replicas.service.js';

@Controller('replicas')
export class InstancesController {
  constructor(private readonly replicas: ReplicasService) {}

  @Post()
  @HttpCode(202)
  start(): { pid: number } {
    return { pid: this.replicas.start() };
  }
}
