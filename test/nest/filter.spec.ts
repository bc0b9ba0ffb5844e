import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  type HttpServer,
  type INestApplication,
  Param,
  Res,
  type Type,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { ServerResponse } from 'node:http';
import { EtcdConnectionError, EtcdError, EtcdExceptionFilter } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { CapturingLogger } from './capturing-logger.js';
import { failures, secrets, type Failure } from './failures.js';

const adapters: Array<[string, () => HttpServer]> = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
];

describe('EtcdExceptionFilter', () => {
  let etcd: EtcdMember;
  let failing: Failure[];
  let end: () => Promise<void>;
  let thrown: unknown;

  @Controller()
  class FailingController {
    @Get('fail/:code')
    async fail(@Param('code') code: string) {
      try {
        return await failing.find((failure) => failure.code === code)?.run();
      } catch (error) {
        thrown = error;
        throw error;
      }
    }

    @Get('stream')
    stream(@Res() response: ServerResponse & { raw?: ServerResponse }) {
      (response.raw ?? response).write('begun');
      throw new EtcdConnectionError('after the response has begun');
    }
  }

  @Controller()
  @UseFilters(EtcdExceptionFilter)
  class FilteredController extends FailingController {}

  beforeAll(async () => {
    etcd = await EtcdMember.start({ proxy: true });
    ({ all: failing, end } = await failures(etcd));
  });

  afterAll(async () => {
    await end();
    await etcd.stop();
  });

  const start = async (
    adapter: HttpServer,
    logger: CapturingLogger,
    controller: Type,
    providers: Array<{ provide: string; useClass: Type }> = [],
    prepare: (app: INestApplication) => void = () => undefined,
  ) => {
    const testing = await Test.createTestingModule({ controllers: [controller], providers }).compile();
    const app = testing.createNestApplication(adapter, { logger });
    prepare(app);
    await app.listen(0, '127.0.0.1');
    return app;
  };

  const ask = async (app: INestApplication, path: string) => {
    const response = await fetch(`${await app.getUrl()}${path}`);
    const text = await response.text();
    return { status: response.status, retryAfter: response.headers.get('retry-after'), text };
  };

  describe.each(adapters)('on %s', (_, adapter) => {
    const logger = new CapturingLogger();
    let app: INestApplication;

    beforeAll(async () => {
      const filter = { provide: APP_FILTER, useClass: EtcdExceptionFilter };
      app = await start(adapter(), logger, FailingController, [filter]);
    });

    afterAll(() => app.close());

    it('answers each failure with its status, and logs those that are the application’s own', async () => {
      for (const { code, status, retry = status === 503, mayHaveBeenApplied } of failing) {
        logger.lines.length = 0;
        const answer = await ask(app, `/fail/${code}`);
        expect({ ...answer, body: JSON.parse(answer.text), text: undefined }).toEqual({
          status,
          retryAfter: retry ? '1' : null,
          text: undefined,
          body: {
            statusCode: status,
            error: expect.stringMatching(/^[A-Z][a-z]+( [A-Z][a-z]+)*$/),
            message: expect.stringMatching(/./),
            code,
            ...(mayHaveBeenApplied && { mayHaveBeenApplied }),
          },
        });
        for (const secret of ['127.0.0.1', 'http:', ...secrets]) expect(answer.text).not.toContain(secret);
        expect(logger.of('EtcdExceptionFilter')).toHaveLength(status === 500 ? 1 : 0);
        for (const { message } of logger.lines)
          for (const secret of secrets) expect(message).not.toContain(secret);
      }
    });

    it('does not tell the address that the error itself names', async () => {
      const { text } = await ask(app, '/fail/ETCD_KEY_NOT_FOUND');
      expect((thrown as EtcdError).message).toContain(etcd.directUrl);
      expect(text).not.toContain(etcd.directUrl);
    });

    it('ends a response that has begun', async () => {
      logger.lines.length = 0;
      expect(await ask(app, '/stream')).toEqual({ status: 200, retryAfter: null, text: 'begun' });
      // A header that comes too late would be an error of its own.
      expect(logger.lines).toEqual([]);
    });

    it('works when it is made by hand for all routes', async () => {
      const other = await start(adapter(), logger, FailingController, [], (made) =>
        made.useGlobalFilters(new EtcdExceptionFilter(made.getHttpAdapter())),
      );
      expect(await ask(other, '/fail/ETCD_KEY_NOT_FOUND')).toMatchObject({ status: 404 });
      await other.close();
    });

    it('works when a controller names it', async () => {
      const other = await start(adapter(), logger, FilteredController);
      expect(await ask(other, '/fail/ETCD_CONNECTION')).toMatchObject({ status: 503, retryAfter: '1' });
      await other.close();
    });

    it('makes a difference: without it, each of them is a 500', async () => {
      const other = await start(adapter(), logger, FailingController);
      expect(await ask(other, '/fail/ETCD_KEY_NOT_FOUND')).toMatchObject({ status: 500 });
      await other.close();
    });

    it('says what is missing when it is made by hand without an adapter', async () => {
      const other = await start(adapter(), logger, FailingController, [], (made) =>
        made.useGlobalFilters(new EtcdExceptionFilter()),
      );
      expect(await ask(other, '/fail/ETCD_KEY_NOT_FOUND')).toMatchObject({ status: 500 });
      expect(logger.lines.map(({ message }) => message).join('\n')).toContain('knows no HTTP adapter');
      await other.close();
    });
  });

  it('throws the error on outside HTTP', () => {
    const error = new EtcdConnectionError('no member could be reached');
    const host = new ExecutionContextHost([{}]);
    host.setType('rpc');
    expect(() => new EtcdExceptionFilter().catch(error, host)).toThrow(error);
  });
});
