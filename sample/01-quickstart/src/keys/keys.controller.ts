import { Body, Controller, Delete, Get, Param, Post, Put, Query } from '@nestjs/common';
import { EtcdService, type EtcdCondition, type EtcdResult } from 'nestjs-etcd';
import {
  appendBody,
  deleteQuery,
  readQuery,
  writeBody,
  type AppendBody,
  type DeleteQuery,
  type ReadQuery,
  type WriteBody,
} from './keys.schemas.js';

/** Express gives the path behind `/keys/` as its decoded segments, which is one of the two forms of a key. */
@Controller('keys')
export class KeysController {
  constructor(private readonly etcd: EtcdService) {}

  @Get(['', '*path'])
  read(
    @Param('path') key: string[] | undefined,
    @Query({ schema: readQuery }) options: ReadQuery,
  ): Promise<EtcdResult> {
    return this.etcd.get(key ?? '/', options);
  }

  /** Sets a key, or with `prevValue` or `prevIndex` swaps it if it still is what the caller saw. */
  @Put('*path')
  write(@Param('path') key: string[], @Body({ schema: writeBody }) body: WriteBody): Promise<EtcdResult> {
    const { value, ttl, ...condition } = body;
    if (isCondition(condition)) return this.etcd.compareAndSwap(key, value, { ttl, ...condition });
    return this.etcd.set(key, value, { ttl });
  }

  /** Adds a value to a directory, under a name that etcd makes: names are in the order of creation. */
  @Post('*path')
  append(@Param('path') key: string[], @Body({ schema: appendBody }) body: AppendBody): Promise<EtcdResult> {
    return this.etcd.append(key, body.value, { ttl: body.ttl });
  }

  @Delete('*path')
  remove(
    @Param('path') key: string[],
    @Query({ schema: deleteQuery }) options: DeleteQuery,
  ): Promise<EtcdResult> {
    return this.etcd.delete(key, options);
  }
}

function isCondition(condition: Partial<EtcdCondition>): condition is EtcdCondition {
  return condition.prevValue !== undefined || condition.prevIndex !== undefined;
}
