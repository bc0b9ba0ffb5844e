import { Controller, Delete, Param, Post, Query } from '@nestjs/common';
import { EtcdService, type EtcdResult } from 'nestjs-etcd';
import { deleteQuery, type DeleteQuery } from '../keys/keys.schemas.js';

@Controller('directories')
export class DirectoriesController {
  constructor(private readonly etcd: EtcdService) {}

  @Post('*path')
  make(@Param('path') key: string[]): Promise<EtcdResult> {
    return this.etcd.mkdir(key);
  }

  /** Removes an empty directory, or with `recursive` one with everything in it. */
  @Delete('*path')
  remove(
    @Param('path') key: string[],
    @Query({ schema: deleteQuery }) { recursive }: DeleteQuery,
  ): Promise<EtcdResult> {
    return recursive ? this.etcd.delete(key, { recursive }) : this.etcd.rmdir(key);
  }
}
