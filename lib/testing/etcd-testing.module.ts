import type { DynamicModule, OnApplicationShutdown } from '@nestjs/common';
import type { EtcdModuleOptions, EtcdService } from '../index.js';
import { EmbeddedEtcd } from './embedded-etcd.js';
import type { EmbeddedEtcdOptions } from './embedded-options.js';

/** Options of {@link EtcdTestingModule.forRoot}. */
export interface EtcdTestingOptions {
  /** Of the server. @default a free port, the time of the machine, no users */
  readonly server?: EmbeddedEtcdOptions;
  /** Of the connection, but for its address. With `server.auth` and `server.tls`, those of the client belong here. */
  readonly client?: Omit<EtcdModuleOptions, 'hosts'>;
  /** Name of the connection, as with `EtcdModule.forRoot`. @default the default connection */
  readonly name?: string;
  /** Whether other modules can inject the connection without importing this one. @default true */
  readonly isGlobal?: boolean;
}

/** Injection token of the server behind a connection; that of the default one is the class `EmbeddedEtcd`. */
export function getEmbeddedEtcdToken(name?: string): typeof EmbeddedEtcd | string {
  return name === undefined ? EmbeddedEtcd : `EmbeddedEtcd:${name}`;
}

/**
 * `EtcdModule` with an embedded server of its own, which starts with the application and ends with it. The server can be
 * injected as `EmbeddedEtcd`.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [EtcdTestingModule.forRoot()],
 *   providers: [OrdersService],
 * }).compile();
 * app.get(EmbeddedEtcd).failNext({ reset: true });
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- A Nest module, without the decorator, which would need Nest.
export class EtcdTestingModule {
  /** @throws what `EmbeddedEtcd.start` and `EtcdModule.forRootAsync` throw, when the application starts */
  static async forRoot(options: EtcdTestingOptions = {}): Promise<DynamicModule> {
    const { server: serverOptions, client, name, isGlobal = true, ...unknown } = options;
    const [stranger] = Object.keys(unknown);
    if (stranger !== undefined)
      throw new TypeError(
        `There is no option \`${stranger}\` of EtcdTestingModule; those of the server belong into \`server\`, those of the connection into \`client\``,
      );
    if (client !== undefined && 'hosts' in client)
      throw new TypeError('`client.hosts` is the address of the embedded server; leave it out');
    // Only here, so that the server alone needs nothing of Nest's.
    const { EtcdModule, getEtcdToken } = await import('../index.js');
    const token = getEmbeddedEtcdToken(name);
    const serverModule: DynamicModule = {
      module: EtcdTestingModule,
      providers: [{ provide: token, useFactory: () => startQuietly(serverOptions) }],
      exports: [token],
    };
    const etcdModule = EtcdModule.forRootAsync({
      ...(name === undefined ? undefined : { name }),
      imports: [serverModule],
      inject: [token],
      useFactory: (server: EmbeddedEtcd) => ({ ...client, hosts: server.url }),
    });
    return {
      module: EtcdTestingModule,
      global: isGlobal,
      imports: [serverModule, etcdModule],
      providers: [
        {
          provide: `EmbeddedEtcdEnd:${name ?? ''}`,
          inject: [token, name === undefined ? getEtcdToken() : getEtcdToken(name)],
          useFactory: (server: EmbeddedEtcd, service: EtcdService) => new EmbeddedEtcdEnd(server, service),
        },
      ],
      exports: [serverModule, etcdModule],
    };
  }
}

/** An application that fails to start never ends what it has begun: the process must be able to end all the same. */
async function startQuietly(options: EmbeddedEtcdOptions | undefined): Promise<EmbeddedEtcd> {
  const server = await EmbeddedEtcd.start(options);
  server.unref();
  return server;
}

/** Ends the server, behind its connection: what that holds has been given back by then. */
class EmbeddedEtcdEnd implements OnApplicationShutdown {
  constructor(
    private readonly server: EmbeddedEtcd,
    private readonly service: EtcdService,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.service.close();
    await this.server.stop();
  }
}
