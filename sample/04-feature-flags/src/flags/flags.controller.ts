import { Controller, Get, Sse } from '@nestjs/common';
import { map, type Observable, startWith } from 'rxjs';
import { FlagsConfig } from './flags.config.js';
import type { Flags } from './flags.schema.js';

@Controller('flags')
export class FlagsController {
  constructor(private readonly flags: FlagsConfig) {}

  @Get()
  all(): Flags {
    return this.flags.value;
  }

  /** The flags now, and again whenever one of them changes: for a page that wants to know. */
  @Sse('changes')
  changes(): Observable<{ data: Flags }> {
    return this.flags.changes$.pipe(
      map(({ value }) => ({ data: value })),
      startWith({ data: this.flags.value }),
    );
  }
}
