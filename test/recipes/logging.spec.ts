import { describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { EtcdService } from 'nestjs-etcd';
import { Logger, PinoLogger } from 'nestjs-pino';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { LoggedModule } from './logging.js';

interface Line {
  readonly level: number;
  readonly context?: string;
  readonly msg: string;
  readonly etcd?: { readonly type: string; readonly key?: string };
}

let lines: Line[] = [];
const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };

async function start(hosts: string, level: string) {
  lines = [];
  const module = await Test.createTestingModule({
    imports: [LoggedModule.with(hosts, { pinoHttp: [{ level }, stream] })],
  }).compile();
  const app = module.createNestApplication({ bufferLogs: true });
  app.useLogger(app.get(Logger));
  // nestjs-pino keeps one root for all applications of a process.
  PinoLogger.root.level = level;
  await app.init();
  return { app, etcd: app.get(EtcdService), [Symbol.asyncDispose]: () => app.close() };
}

describe('The recipe for nestjs-pino', () => {
  it('writes one line when the cluster is lost and one when it is back, each with what to do', async () => {
    await using member = await EtcdMember.start({ proxy: true });
    await using logged = await start(member.url, 'info');
    const { etcd } = logged;
    await etcd.set('/k', 'v');
    await member.proxy?.refuse();
    member.proxy?.reset();
    for (let i = 0; i < 3; i++)
      await expect(etcd.get('/k', { timeout: 500 })).rejects.toMatchObject({ code: 'ETCD_CONNECTION' });
    await member.proxy?.accept();
    await waitFor(async () => (await etcd.get('/k')).node);
    const own = () => lines.filter(({ context }) => context === 'EtcdModule');
    expect(own()).toMatchObject([
      { level: 50, msg: expect.stringMatching(/^The etcd cluster is lost: .*; see that etcd runs/) },
      { level: 30, msg: expect.stringMatching(/^The etcd cluster is back: .*There is nothing to do/) },
    ]);
    expect(lines.filter(({ etcd: event }) => event !== undefined)).toEqual([]);
  });

  it('writes each event as a structured line where that is wanted, without a value', async () => {
    await using member = await EtcdMember.start();
    await using logged = await start(member.url, 'debug');
    await logged.etcd.set('/k', 'canary-value');
    const told = lines.filter(({ etcd }) => etcd?.type === 'operation.end');
    expect(told).toMatchObject([
      { level: 20, context: 'Etcd', msg: 'operation.end', etcd: { operation: 'set', key: '/k' } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('canary');
  });
});
