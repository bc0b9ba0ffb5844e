import type { Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  type EtcdHandlerEvent,
  EtcdLeaders,
  EtcdModule,
  type EtcdModuleOptions,
  EtcdService,
} from 'nestjs-etcd';
import { filter } from 'rxjs';
import { CapturingLogger } from './capturing-logger.js';
import { isOfHandlers } from './watching.js';

/** One replica of an application. */
export class Replica implements AsyncDisposable {
  readonly told: EtcdHandlerEvent[] = [];

  private constructor(
    readonly app: TestingModule,
    readonly logger: CapturingLogger,
  ) {
    app
      .get(EtcdService)
      .events$.pipe(filter(isOfHandlers))
      .subscribe((event) => this.told.push(event));
  }

  static async start(options: EtcdModuleOptions, ...providers: Type[]): Promise<Replica> {
    const logger = new CapturingLogger();
    const app = await Test.createTestingModule({ imports: [EtcdModule.forRoot(options)], providers })
      .setLogger(logger)
      .compile();
    const replica = new Replica(app, logger);
    await app.init();
    return replica;
  }

  get types(): string[] {
    return this.told.map(({ type }) => type);
  }

  isLeader(election: string): boolean {
    return this.app.get(EtcdLeaders).isLeader(election);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}
