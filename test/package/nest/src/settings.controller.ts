import { Controller, Get, Inject } from '@nestjs/common';
import { ConfigService, type ConfigType, registerAs } from '@nestjs/config';
import { etcdConfig, EtcdConfigService, EtcdValue } from 'nestjs-etcd';

interface Shop {
  readonly title: string;
}

export const shop = registerAs(
  'shop',
  etcdConfig<Shop>('/config/shop', { client: () => ({ hosts: process.env.ETCD_URL ?? '' }) }),
);

/** The same key, by each of the ways to it. */
@Controller('settings')
export class SettingsController {
  @EtcdValue('/title') private readonly title!: string;

  constructor(
    private readonly config: EtcdConfigService<Shop>,
    private readonly configService: ConfigService,
    @Inject(shop.KEY) private readonly loaded: ConfigType<typeof shop>,
  ) {}

  @Get()
  titles() {
    return [
      this.title,
      this.config.value.title,
      this.configService.get<string>('shop.title'),
      this.loaded.title,
    ];
  }
}
