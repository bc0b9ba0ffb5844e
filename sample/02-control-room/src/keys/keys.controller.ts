import { Body, Controller, HttpCode, Put } from '@nestjs/common';
import { z } from 'zod';
import { KeysService } from './keys.service.js';

const edit = z.strictObject({
  key: z.string().startsWith('/'),
  value: z.string().max(100_000),
  seen: z.string(),
});

@Controller('keys')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  /** 404, 409 and 412 say that the key is not what the page has shown any more. */
  @Put()
  @HttpCode(204)
  edit(@Body({ schema: edit }) { key, value, seen }: z.infer<typeof edit>): Promise<void> {
    return this.keys.edit(key, value, seen);
  }
}
