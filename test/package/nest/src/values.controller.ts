import { Body, Controller, Get, Param, Put, UseFilters, UseGuards } from '@nestjs/common';
import { type EtcdEvent, EtcdService, EtcdWatch } from 'nestjs-etcd';

import { JournalFilter, JournalGuard } from './journal.js';

@Controller('values')
export class ValuesController {
  constructor(private readonly etcd: EtcdService) {}

  @Put(':key')
  async set(@Param('key') key: string, @Body() { value }: { value: string }) {
    await this.etcd.set(key, value);
  }

  @Get(':key')
  async get(@Param('key') key: string) {
    return { value: (await this.etcd.get(key)).node.value };
  }

  /** Fails with the keys that it is told of, for the filter to see. */
  @EtcdWatch('/', { recursive: true, initial: true })
  @UseGuards(JournalGuard)
  @UseFilters(JournalFilter)
  onChange(event: EtcdEvent) {
    for (const { key } of event.node?.leaves() ?? []) throw new Error(key);
  }
}
