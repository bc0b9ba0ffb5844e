import { Body, Controller, HttpCode, Put } from '@nestjs/common';
import { z } from 'zod';
import { DemoService } from './demo.service.js';

const state = z.strictObject({ isOn: z.boolean() });

@Controller('demo')
export class DemoController {
  constructor(private readonly demo: DemoService) {}

  @Put()
  @HttpCode(204)
  switch(@Body({ schema: state }) { isOn }: z.infer<typeof state>): Promise<void> {
    return this.demo.switchTo(isOn);
  }
}
