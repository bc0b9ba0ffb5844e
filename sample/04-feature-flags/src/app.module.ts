import { Module } from '@nestjs/common';
import { EtcdConfigModule, EtcdModule } from 'nestjs-etcd';
import { FlagsConfig } from './flags/flags.config.js';
import { FlagsController } from './flags/flags.controller.js';
import { flagsSchema } from './flags/flags.schema.js';
import { ShopController } from './shop/shop.controller.js';

const { ETCD_HOSTS = 'http://127.0.0.1:2379', FLAGS_SNAPSHOT } = process.env;

@Module({
  imports: [
    EtcdModule.forRoot({ hosts: ETCD_HOSTS.split(','), isGlobal: true }),
    EtcdConfigModule.forRoot({
      name: FlagsConfig,
      prefix: '/flags/shop',
      schema: flagsSchema,
      // With a file, the shop starts with its last flags also while etcd is away.
      ...(FLAGS_SNAPSHOT === undefined ? {} : { snapshot: FLAGS_SNAPSHOT }),
      // `FREE_SHIPPING=true` in the environment of one process overrides etcd there.
      env: { FREE_SHIPPING: '/free-shipping' },
      isGlobal: true,
    }),
  ],
  controllers: [FlagsController, ShopController],
})
export class AppModule {}
