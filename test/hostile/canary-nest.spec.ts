import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, Param, type INestApplication } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import {
  EtcdExceptionFilter,
  EtcdLeader,
  EtcdModule,
  EtcdService,
  EtcdWatch,
  type EtcdEvent,
} from 'nestjs-etcd';
import { EtcdHealthIndicator } from 'nestjs-etcd/terminus';
import { z } from 'zod';
import { CapturingLogger } from '../nest/capturing-logger.js';
import { failures, secrets, type Failure } from '../nest/failures.js';
import { EtcdMember } from '../support/etcd-member.js';
import { patient } from '../support/patient.js';
import { waitFor } from '../support/wait-for.js';
import { canaries, CanaryWitness, everythingOf, tellsSecret } from './canary.js';

const { value, written } = canaries;

let failing: Failure[] = [];
let thrown: unknown;

@Controller()
class Failing {
  @Get('fail/:code')
  async fail(@Param('code') code: string): Promise<unknown> {
    try {
      return await failing.find((failure) => failure.code === code)?.run();
    } catch (error) {
      thrown = error;
      throw error;
    }
  }
}

@Injectable()
class Handlers {
  calls = 0;

  @EtcdWatch('/nest/plain', { recursive: true })
  onChange(_event: EtcdEvent): void {
    this.calls++;
    throw new Error('a handler that fails');
  }

  @EtcdWatch('/nest/schema', { schema: z.object({ port: z.number() }) })
  onSchema(): void {
    this.calls++;
  }

  @EtcdLeader('canaries')
  async lead(): Promise<void> {
    throw new Error('a leader that fails');
  }
}

describe('An application of Nest', () => {
  let member: EtcdMember;
  let app: INestApplication;
  let url: string;
  let end: () => Promise<void>;
  let witness: CanaryWitness;
  const logger = new CapturingLogger();
  const told: unknown[] = [];

  beforeAll(async () => {
    member = await EtcdMember.start({ proxy: true });
    witness = new CanaryWitness();
    ({ all: failing, end } = await failures(member));
    const module = await Test.createTestingModule({
      imports: [
        EtcdModule.forRoot({ hosts: member.url, sync: false, ...patient }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [Failing],
      providers: [Handlers, EtcdHealthIndicator, { provide: APP_FILTER, useClass: EtcdExceptionFilter }],
    })
      .setLogger(logger)
      .compile();
    app = module.createNestApplication();
    app.get(EtcdService).events$.subscribe((event) => told.push(event));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app.close();
    await end();
    await witness[Symbol.asyncDispose]();
    await member.stop();
  });

  /** What the log, `events$`, the channels and the errors tell of secrets. */
  const telling = (): string[] =>
    [...logger.lines.map(everythingOf), ...told.map(everythingOf), ...witness.told].filter(
      (text) => tellsSecret(text) || secrets.some((secret) => text.includes(secret)),
    );

  it('answers no failure of etcd’s with a secret, and logs none', async () => {
    for (const { code, status } of failing) {
      const response = await fetch(`${url}/fail/${code}`);
      const answer = `${await response.text()} ${JSON.stringify([...response.headers])}`;
      expect([code, response.status]).toEqual([code, status]);
      for (const secret of secrets) expect(answer).not.toContain(secret);
      witness.errors.push(thrown);
    }
    expect(witness.errors.length).toBeGreaterThan(25);
    expect(logger.lines.length).toBeGreaterThan(5);
    expect(telling()).toEqual([]);
    // The control: it would be found.
    expect(everythingOf({ a: { b: secrets[0] } })).toContain(secrets[0]);
  });

  it('tells no value when handlers fail, values are refused, and leaders resign', async () => {
    const etcd = app.get(EtcdService);
    const ofType = (type: string) => told.filter((event) => (event as { type: string }).type === type);
    await waitFor(() => ofType('watch.ready').length === 2);
    await etcd.set('/nest/plain/k', value);
    await etcd.set('/nest/plain/k', written);
    await etcd.set('/nest/schema', JSON.stringify({ port: value }));
    await etcd.set('/nest/schema', value);
    await waitFor(() => ofType('watch.handler.failed').length === 2);
    await waitFor(() => ofType('watch.value.refused').length === 2);
    await waitFor(() => ofType('leader.handler.failed').length > 0);
    expect(logger.of('EtcdModule').length).toBeGreaterThan(4);
    expect(telling()).toEqual([]);
  });

  it('tells no value in the details of its health, nor when the cluster is lost', async () => {
    const health = app.get(EtcdHealthIndicator);
    const etcd = app.get(EtcdService);
    await member.proxy?.refuse();
    member.proxy?.reset();
    const options = { timeout: 300, cacheFor: 0 };
    const details = [
      await health.connection('connection', options),
      await health.leader('leader', options),
      await health.machines('machines', options),
      await health.version('version', options),
    ];
    expect(details.map((one) => Object.values(one)[0]?.status)).toEqual(['down', 'down', 'down', 'down']);
    await witness.failure(() => etcd.set('/nest/plain/k', written, { timeout: 500 }));
    await waitFor(() => logger.of('EtcdModule').some(({ message }) => message.includes('cluster is lost')));
    await member.proxy?.accept();
    await waitFor(() => etcd.get('/nest/plain/k'));
    expect(details.map(everythingOf).filter(tellsSecret)).toEqual([]);
    expect(telling()).toEqual([]);
  });
});
