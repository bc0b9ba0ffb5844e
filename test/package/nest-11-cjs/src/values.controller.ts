import { Body, Controller, Get, Param, Put } from '@nestjs/common';
import { EtcdService } from 'nestjs-etcd';

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
}
