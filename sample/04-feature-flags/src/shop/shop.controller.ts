import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import { EtcdValue } from 'nestjs-etcd';
import { z } from 'zod';
import { Feature, FeatureGuard } from '../flags/feature.guard.js';
import { FlagsConfig } from '../flags/flags.config.js';

const price = 100;

@Controller('shop')
@UseGuards(FeatureGuard)
export class ShopController {
  /** Always the present one, and read like any other property. */
  @EtcdValue('/discount', { config: FlagsConfig, default: 0, schema: z.int() })
  private readonly discount!: number;

  @Get('price')
  price(): { price: number } {
    return { price: (price * (100 - this.discount)) / 100 };
  }

  @Feature('checkout')
  @Post('orders')
  order(): { ordered: true; price: number } {
    return { ordered: true, ...this.price() };
  }

  @Feature('free-shipping')
  @Get('shipping')
  shipping(): { costs: number } {
    return { costs: 0 };
  }
}
