import { Module } from '@nestjs/common';
import { EtcdModule } from 'nestjs-etcd';

import { Journal } from './journal.js';
import { ValuesController } from './values.controller.js';

@Module({
  imports: [EtcdModule.forRoot({ hosts: [process.env.ETCD_URL ?? ''] })],
  controllers: [ValuesController],
  providers: [Journal],
})
export class AppModule {}
