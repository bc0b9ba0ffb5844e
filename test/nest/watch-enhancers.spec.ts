import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  type INestApplication,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  Query,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { type EtcdEvent, EtcdModule, EtcdService, EtcdWatch } from 'nestjs-etcd';
import { type Observable, tap } from 'rxjs';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { refusal, Watching } from './watching.js';

let seen: string[];

/** What the enhancers below get injected, which a class that nobody has made lacks. */
@Injectable()
class Notes {
  note(text: string) {
    seen.push(text);
  }
}

function note(notes: Notes, what: string, context: ArgumentsHost) {
  const { action, key } = context.getArgByIndex<EtcdEvent>(0);
  notes.note(`${what} ${context.getType<string>()} ${action} ${key} of ${context.getArgs().length}`);
}

const Needs = (role: string) => SetMetadata('role', role);

@Injectable()
class Guard implements CanActivate {
  constructor(
    readonly notes: Notes,
    readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext) {
    const role = this.reflector.getAllAndOverride<string>('role', [context.getHandler(), context.getClass()]);
    note(this.notes, `guard(${role})`, context);
    const { node } = context.getArgByIndex<EtcdEvent>(0);
    return node?.value !== 'forbidden';
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientGuard extends Guard {}

@Injectable({ scope: Scope.REQUEST })
class RequestGuard extends Guard {}

const trace = new AsyncLocalStorage<string>();

@Injectable()
class Interceptor implements NestInterceptor {
  constructor(readonly notes: Notes) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    note(this.notes, 'before', context);
    return trace.run('traced', () => next.handle()).pipe(tap(() => this.notes.note('after')));
  }
}

/** Makes something else of the event. */
@Injectable()
class Pipe implements PipeTransform {
  constructor(readonly notes: Notes) {}

  transform(event: EtcdEvent, { type }: { type: string }) {
    this.notes.note(`pipe ${type} ${event.key}`);
    return { piped: event.key, value: event.node?.value };
  }
}

describe('Around a handler of @EtcdWatch', () => {
  let etcd: EtcdMember;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
  });

  afterAll(() => etcd.stop());

  beforeEach(() => {
    seen = [];
  });

  const until = async (text: string) => {
    await waitFor(() => seen.includes(text), { what: `'${text}' among ${seen.join(', ')}` });
    return [...seen];
  };

  /** All of them, as classes with dependencies of their own. */
  class Decorated {
    @EtcdWatch('/decorated')
    @UsePipes(Pipe)
    @Needs('admin')
    // A pipe may make anything of the event.
    // oxlint-disable-next-line typescript/no-explicit-any
    async onChange(made: any) {
      seen.push(`handler ${JSON.stringify(made)} ${trace.getStore()}`);
    }
  }

  it.each([['a provider'], ['a controller']])(
    'guards, interceptors and pipes apply as to everything else in Nest: %s',
    async (kind) => {
      @Injectable()
      @Controller()
      @UseGuards(Guard)
      @UseInterceptors(Interceptor)
      class Host extends Decorated {}

      await using app = await Watching.start({
        options: { hosts: etcd.url },
        providers: kind === 'a provider' ? [Notes, Host] : [Notes],
        controllers: kind === 'a provider' ? [] : [Host],
      });
      await app.etcd.set('/decorated', 'allowed');
      expect(await until('after')).toEqual([
        'guard(admin) etcd set /decorated of 1',
        'before etcd set /decorated of 1',
        'pipe body /decorated',
        'handler {"piped":"/decorated","value":"allowed"} traced',
        'after',
      ]);
      expect(app.lines).toEqual([]);
    },
  );

  it('those of the whole application apply too, and a guard that refuses an event keeps it from the handler', async () => {
    @Injectable()
    class Plain {
      @EtcdWatch('/plain')
      onChange(event: EtcdEvent) {
        seen.push(`handler ${JSON.stringify(event)}`);
      }
    }
    await using app = await Watching.start({
      options: { hosts: etcd.url },
      providers: [
        Notes,
        Plain,
        { provide: APP_GUARD, useClass: Guard },
        { provide: APP_INTERCEPTOR, useClass: Interceptor },
        { provide: APP_PIPE, useClass: Pipe },
      ],
    });
    await app.etcd.set('/plain', 'forbidden');
    await app.etcd.set('/plain', 'allowed');
    expect(await until('after')).toEqual([
      'guard(undefined) etcd set /plain of 1',
      'guard(undefined) etcd set /plain of 1',
      'before etcd set /plain of 1',
      'pipe body /plain',
      'handler {"piped":"/plain","value":"allowed"}',
      'after',
    ]);
    expect(app.lines).toHaveLength(1);
    expect(app.lines[0]?.message).toMatch(
      /^Plain#onChange failed for \/plain at index \d+: ForbiddenException: Forbidden resource$/,
    );
    expect(app.of('watch.handler.failed')).toHaveLength(1);
  });

  it('a transient guard gets its dependencies, and a request-scoped one is refused with its host', async () => {
    @Injectable()
    class Guarded {
      @EtcdWatch('/transient')
      @UseGuards(TransientGuard)
      onChange() {
        seen.push('handler');
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Notes, Guarded] });
    await app.etcd.set('/transient', '1');
    expect(await until('handler')).toEqual(['guard(undefined) etcd set /transient of 1', 'handler']);

    @Controller()
    class PerRequest {
      @EtcdWatch('/transient')
      @UseGuards(RequestGuard)
      onChange() {}
    }
    const error = await refusal({
      imports: [EtcdModule.forRoot({ hosts: etcd.url })],
      providers: [Notes],
      controllers: [PerRequest],
    });
    expect(error.message).toContain('PerRequest#onChange cannot be called: it is request-scoped');
  });

  it('request-scoped ones of the whole application are left out, and not called without their dependencies', async () => {
    @Injectable()
    class Plain {
      @EtcdWatch('/request')
      @UseGuards(TransientGuard)
      onChange() {
        seen.push('handler');
      }

      @EtcdWatch('/request')
      other() {
        seen.push('other');
      }
    }
    await using app = await Watching.start(
      {
        options: { hosts: etcd.url },
        providers: [Notes, Plain, { provide: APP_INTERCEPTOR, useClass: Interceptor, scope: Scope.REQUEST }],
      },
      2,
    );
    await app.etcd.set('/request', '1');
    await waitFor(() => seen.length === 3);
    expect(seen.sort()).toEqual(['guard(undefined) etcd set /request of 1', 'handler', 'other']);
    expect(app.lines).toEqual([]);
  });

  it('parameters have their own decorators, and a method may be a route as well', async () => {
    const Key = createParamDecorator((prefix: string, context: ExecutionContext) => {
      return `${prefix} ${context.getType<string>()} ${context.getArgByIndex<EtcdEvent>(0).key}`;
    });
    @Controller('mixed')
    class Mixed {
      @EtcdWatch('/mixed')
      both(event: EtcdEvent, @Key('key of') key: string) {
        seen.push(`${event.action}, ${key}`);
      }

      @EtcdWatch('/mixed')
      own(@Key('only') key: unknown) {
        seen.push(String(key));
      }

      @Get()
      @EtcdWatch('/mixed')
      route(@Query() query: EtcdEvent) {
        seen.push(`route ${JSON.stringify(query.key)}`);
        return { done: true };
      }
    }
    const testing = await Test.createTestingModule({
      imports: [EtcdModule.forRoot({ hosts: etcd.url })],
      controllers: [Mixed],
    }).compile();
    const app: INestApplication = testing.createNestApplication({ logger: false });
    let ready = 0;
    app.get(EtcdService).events$.subscribe(({ type }) => (ready += type === 'watch.ready' ? 1 : 0));
    await app.listen(0, '127.0.0.1');
    await waitFor(() => ready === 3);
    const response = await fetch(`${await app.getUrl()}/mixed?key=asked`, {
      headers: { connection: 'close' },
    });
    expect(await response.json()).toEqual({ done: true });
    await app.get(EtcdService).set('/mixed', '1');
    await waitFor(() => seen.length === 4);
    expect(seen.sort()).toEqual([
      'only etcd /mixed',
      'route "/mixed"',
      'route "asked"',
      'set, key of etcd /mixed',
    ]);
    await app.close();
  });
});
