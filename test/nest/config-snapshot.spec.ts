import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { EtcdClient, EtcdConfigModule, EtcdConfigService, EtcdModule, EtcdValue } from 'nestjs-etcd';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import { freePort, waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';

@Injectable()
class Flags {
  @EtcdValue('/new-ui', { default: false }) readonly newUi!: boolean;
}

describe('An application whose configuration has a snapshot', () => {
  let directory: string;
  let snapshot: string;
  let logger: CapturingLogger;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'config-'));
    snapshot = join(directory, 'flags.json');
    logger = new CapturingLogger();
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const start = async (hosts: string, more: object = {}): Promise<TestingModule> => {
    const app = await Test.createTestingModule({
      imports: [
        EtcdModule.forRoot({ hosts, isGlobal: true }),
        EtcdConfigModule.forRoot({ prefix: '/flags', snapshot, ...more }),
      ],
      providers: [Flags],
    })
      .setLogger(logger)
      .compile();
    return app.init();
  };

  it('has written it when it has closed', async () => {
    await using server = await EmbeddedEtcd.start();
    await using etcd = new EtcdClient({ hosts: server.url });
    const app = await start(server.url);
    await etcd.set('/flags/new-ui', 'true');
    await waitFor(() => app.get(Flags).newUi);
    await app.close();
    expect(JSON.parse(readFileSync(snapshot, 'utf8'))).toMatchObject({ files: [['/new-ui', 'true']] });
  });

  it('starts with it while etcd is away, says so once, and goes on with etcd', async () => {
    const port = await freePort();
    const first = await EmbeddedEtcd.start({ port });
    await using etcd = new EtcdClient({ hosts: first.url });
    await etcd.set('/flags/new-ui', 'true');
    await (await start(first.url)).close();
    await first.stop();

    const app = await start(first.url, { timeout: 100 });
    const config = app.get(EtcdConfigService);
    expect([app.get(Flags).newUi, config.isFromSnapshot]).toEqual([true, true]);
    expect(logger.of('EtcdConfigModule').map(({ level }) => level)).toEqual(['warn']);

    await using second = await EmbeddedEtcd.start({ port });
    await waitFor(() => !config.isFromSnapshot, { what: second.url });
    expect(app.get(Flags).newUi).toBe(false);
    expect(logger.of('EtcdConfigModule').map(({ level }) => level)).toEqual(['warn', 'log']);
    await app.close();
  });

  it('does not start without either', async () => {
    const attempt = start('http://127.0.0.1:9', { timeout: 50 });
    await expect(attempt).rejects.toThrow(
      /start once while etcd is there, so that the `snapshot` is written/,
    );
  });
});
