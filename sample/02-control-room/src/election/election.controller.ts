import { Controller, HttpCode, Post } from '@nestjs/common';
import { ElectionService, type Ended } from './election.service.js';

@Controller('leader')
export class ElectionController {
  constructor(private readonly election: ElectionService) {}

  @Post('resign')
  @HttpCode(200)
  resign(): Promise<Ended> {
    return this.election.resign();
  }

  @Post('kill')
  @HttpCode(200)
  kill(): Promise<Ended> {
    return this.election.kill();
  }
}
