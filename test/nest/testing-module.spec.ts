import { describe, expect, it } from '@jest/globals';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EtcdOptionsError, EtcdService, getEtcdToken, InjectEtcd } from 'nestjs-etcd';
import { EmbeddedEtcd, EtcdTestingModule, getEmbeddedEtcdToken } from 'nestjs-etcd/testing';

import { rawRequest } from '../support/raw-request.js';

describe('EtcdTestingModule', () => {
  it('stands behind `EtcdService`, and ends with the module, after what uses it', async () => {
    @Injectable()
    class Orders implements OnModuleDestroy {
      released: unknown;

      constructor(readonly etcd: EtcdService) {}

      async onModuleDestroy(): Promise<void> {
        this.released = await this.etcd.lock('orders').run(() => 'released');
      }
    }
    const app = await Test.createTestingModule({
      imports: [EtcdTestingModule.forRoot()],
      providers: [Orders],
    }).compile();
    await app.init();
    const orders = app.get(Orders);
    const server = app.get(EmbeddedEtcd);
    await orders.etcd.set('/a', '1');
    expect(server.index).toBe(4);
    const handle = await orders.etcd.lock('kept').acquire();
    await app.close();
    expect([orders.released, handle.isHeld]).toEqual(['released', false]);
    // What was held at the end has been given back, and not left to its TTL.
    expect(JSON.stringify(server.snapshot())).toContain('"name":"kept","nodes":[]');
    await expect(rawRequest(`${server.url}/version`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('has a server for each module, so that tests do not see each other', async () => {
    const apps = await Promise.all(
      [1, 2].map(() => Test.createTestingModule({ imports: [EtcdTestingModule.forRoot()] }).compile()),
    );
    await apps[0]?.get(EtcdService).set('/a', '1');
    await expect(apps[1]?.get(EtcdService).exists('/a')).resolves.toBe(false);
    await Promise.all(apps.map((app) => app.close()));
  });

  it('has one for each name, with users and options of the connection', async () => {
    const auth = { username: 'root', password: 'secret' } as const;
    class Reports {
      constructor(@InjectEtcd('reports') readonly etcd: EtcdService) {}
    }
    const app = await Test.createTestingModule({
      imports: [
        EtcdTestingModule.forRoot(),
        EtcdTestingModule.forRoot({ name: 'reports', server: { auth }, client: { auth } }),
      ],
      providers: [Reports],
    }).compile();
    const { etcd } = app.get(Reports);
    await etcd.set('/a', '1');
    expect(app.get(getEtcdToken('reports'))).toBe(etcd);
    const server = app.get<EmbeddedEtcd>(getEmbeddedEtcdToken('reports'));
    expect((await rawRequest(`${server.url}/v2/keys/a`)).status).toBe(401);
    await expect(app.get(EtcdService).exists('/a')).resolves.toBe(false);
    await app.close();
  });

  it('refuses what the server and the connection refuse', async () => {
    const compile = (options: object) =>
      Test.createTestingModule({ imports: [EtcdTestingModule.forRoot(options)] }).compile();
    await expect(compile({ server: { history: 0 } })).rejects.toThrow('Expected `history`');
    await expect(compile({ clock: 5 })).rejects.toThrow('belong into `server`');
    await expect(compile({ client: { hosts: 'x' } })).rejects.toThrow('`client.hosts`');
    await expect(compile({ server: { clock: 5 } })).rejects.toThrow('Expected `clock`');
    await expect(compile({ client: { timeot: 5 } })).rejects.toBeInstanceOf(EtcdOptionsError);
  });
});
