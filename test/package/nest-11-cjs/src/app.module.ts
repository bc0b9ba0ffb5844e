import { Module } from '@nestjs/common';
import { EtcdModule } from 'nestjs-etcd';

import { Journal } from './journal';
import { Jobs, LockedController } from './locked.controller';
import { ValuesController } from './values.controller';

@Module({
  imports: [EtcdModule.forRoot({ hosts: [process.env.ETCD_URL ?? ''] })],
  controllers: [ValuesController, LockedController],
  providers: [Journal, Jobs],
})
export class AppModule {}
