import { Injectable, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { EtcdModule, EtcdService } from 'nestjs-etcd';
import { InjectPinoLogger, LoggerModule, PinoLogger, type Params } from 'nestjs-pino';

/** Writes what etcd's client tells as structured lines of the level `debug`. */
@Injectable()
export class EtcdDebugLog implements OnModuleInit {
  constructor(
    @InjectPinoLogger('Etcd') private readonly log: PinoLogger,
    private readonly etcd: EtcdService,
  ) {}

  onModuleInit(): void {
    // Nothing is paid for where nobody reads it.
    if (!this.log.logger.isLevelEnabled('debug')) return;
    this.etcd.events$.subscribe((event) => this.log.debug({ etcd: event }, event.type));
  }
}

@Module({})
export class LoggedModule {
  static with(hosts: string, pino: Params): DynamicModule {
    return {
      module: LoggedModule,
      imports: [LoggerModule.forRoot(pino), EtcdModule.forRoot({ hosts })],
      providers: [EtcdDebugLog],
    };
  }
}
