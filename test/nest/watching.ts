import type { INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  type EtcdEvent,
  type EtcdHandlerEvent,
  EtcdModule,
  type EtcdModuleOptions,
  EtcdService,
  type EtcdServiceEvent,
} from 'nestjs-etcd';
import { filter } from 'rxjs';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger, type LogLine } from './capturing-logger.js';

/** Whether it is of a decorated method, and not what the client tells on the diagnostics channels. */
export function isOfHandlers(event: EtcdServiceEvent): event is EtcdHandlerEvent {
  return !('client' in event);
}

export interface WatchingOptions extends Omit<ModuleMetadata, 'imports'> {
  /** Options of the default connection. */
  readonly options: EtcdModuleOptions;
  readonly imports?: NonNullable<ModuleMetadata['imports']>;
  /** What is done before the application starts. */
  readonly prepare?: (app: TestingModule) => void;
}

/** An application with `@EtcdWatch`, whose log is kept, and what `events$` tells of its handlers. */
export class Watching implements AsyncDisposable {
  private constructor(
    readonly app: INestApplicationContext,
    readonly etcd: EtcdService,
    readonly logger: CapturingLogger,
    /** What `events$` has told of handlers. */
    readonly told: readonly EtcdHandlerEvent[],
  ) {}

  /** Starts an application, and resolves when `count` watches are ready. */
  static async start(settings: WatchingOptions, count = 1): Promise<Watching> {
    const { options, imports = [], prepare, ...metadata } = settings;
    const logger = new CapturingLogger();
    const app = await Test.createTestingModule({
      ...metadata,
      imports: [EtcdModule.forRoot(options), ...imports],
    })
      .setLogger(logger)
      .compile();
    const told: EtcdHandlerEvent[] = [];
    const etcd = app.get(EtcdService);
    etcd.events$.pipe(filter(isOfHandlers)).subscribe((event) => told.push(event));
    prepare?.(app);
    const watching = new Watching(app, etcd, logger, told);
    await app.init();
    await watching.ready(count);
    return watching;
  }

  /** Resolves when so many watches have become ready since the start. */
  async ready(count: number): Promise<void> {
    await waitFor(() => this.of('watch.ready').length >= count, { what: `${count} watches` });
  }

  /** What `events$` has told of one kind. */
  of<Type extends EtcdHandlerEvent['type']>(type: Type): Extract<EtcdHandlerEvent, { type: Type }>[] {
    return this.told.filter(
      (event): event is Extract<EtcdHandlerEvent, { type: Type }> => event.type === type,
    );
  }

  /** The lines of the connection's context, and those of Nest's own handler of exceptions. */
  get lines(): LogLine[] {
    return this.logger.lines.filter(
      ({ context }) => context === 'EtcdModule' || context === 'ExceptionsHandler',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}

/** Boots an application, and gives what its start was refused with. */
export async function refusal(metadata: ModuleMetadata): Promise<Error> {
  const app = await Test.createTestingModule(metadata).compile();
  try {
    await app.init();
  } catch (error) {
    return error as Error;
  } finally {
    // In Nest 11 it rejects with what the start has rejected with.
    await app.close().catch(() => undefined);
  }
  throw new Error('It was not refused');
}

/** What has happened, in a few words. */
export const brief = (event: EtcdEvent): string =>
  event.action === 'resync'
    ? `resync ${event.reason} ${Array.from(event.node?.leaves() ?? [], ({ key }) => key)
        .toSorted()
        .join(' ')}`.trim()
    : `${event.action} ${event.key}`;
