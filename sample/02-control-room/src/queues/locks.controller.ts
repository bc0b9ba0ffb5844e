import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { LocksService } from './locks.service.js';

const hold = z.strictObject({ name: z.string().min(1).max(100) });

@Controller('locks')
export class LocksController {
  constructor(private readonly locks: LocksService) {}

  /** Queues up for a lock, and holds it for five seconds. The page sees that as it sees the locks of others. */
  @Post()
  @HttpCode(202)
  hold(@Body({ schema: hold }) { name }: z.infer<typeof hold>): void {
    this.locks.hold(name, 5_000);
  }
}
