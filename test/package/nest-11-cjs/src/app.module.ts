import { Module } from '@nestjs/common';
import { EtcdModule } from 'nestjs-etcd';

import { Journal } from './journal';
import { ValuesController } from './values.controller';

@Module({
  imports: [EtcdModule.forRoot({ hosts: [process.env.ETCD_URL ?? ''] })],
  controllers: [ValuesController],
  providers: [Journal],
})
export class AppModule {}
