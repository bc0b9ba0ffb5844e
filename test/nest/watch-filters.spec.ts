import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Injectable,
  Module,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  type EtcdChangeEvent,
  type EtcdEvent,
  EtcdExceptionFilter,
  EtcdKeyNotFoundError,
  EtcdWatch,
} from 'nestjs-etcd';
import { throwError } from 'rxjs';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { Watching } from './watching.js';

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

class Known extends Error {}
class Other extends Error {}

@Catch(Known)
class Filter implements ExceptionFilter {
  constructor(readonly notes: Notes) {}

  catch(error: Error, host: ArgumentsHost) {
    note(this.notes, `filter(${error.message})`, host);
  }
}
Injectable()(Filter);

describe('A filter around a handler of @EtcdWatch', () => {
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

  /** An error that a key asks for. */
  const fail = ({ node }: EtcdEvent) => {
    if (node?.value === 'known') throw new Known('known');
    if (node?.value === 'missing') throw new EtcdKeyNotFoundError('missing');
    throw new Other('other');
  };

  it.each<[string, boolean, ReturnType<typeof UseFilters>[], ReturnType<typeof UseFilters>[], object[]]>([
    ['of the method of a provider', false, [UseFilters(Filter)], [], []],
    ['of the class', false, [], [UseFilters(Filter)], []],
    ['of the method of a controller', true, [UseFilters(Filter)], [], []],
    ['of the application', true, [], [], [{ provide: APP_FILTER, useClass: Filter }]],
  ])(
    '%s has handled what it returns from, and gets nothing else',
    async (_, isController, onMethod, onClass, global) => {
      class Host {
        onChange(event: EtcdEvent) {
          fail(event);
        }
      }
      const descriptor = Object.getOwnPropertyDescriptor(
        Host.prototype,
        'onChange',
      ) as TypedPropertyDescriptor<Host['onChange']>;
      for (const decorate of onMethod) decorate(Host.prototype, 'onChange', descriptor);
      for (const decorate of onClass) decorate(Host);
      EtcdWatch('/filtered')(Host.prototype, 'onChange', descriptor);
      (isController ? Controller() : Injectable())(Host);

      await using app = await Watching.start({
        options: { hosts: etcd.url },
        providers: [Notes, ...(isController ? [] : [Host]), ...(global as [])],
        controllers: isController ? [Host] : [],
      });
      await app.etcd.set('/filtered', 'known');
      await app.etcd.set('/filtered', 'other');
      await app.etcd.set('/filtered', 'known');
      await waitFor(() => seen.length === 2);
      expect(seen).toEqual([
        'filter(known) etcd set /filtered of 1',
        'filter(known) etcd set /filtered of 1',
      ]);
      expect(app.of('watch.handler.failed')).toEqual([expect.objectContaining({ error: expect.any(Other) })]);
      // Not by Nest's own handler of exceptions as well.
      expect(app.lines.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Host#onChange failed for \/filtered at index \d+: Error: other$/),
      ]);
    },
  );

  it('of a class is found in the module of the class, also where a factory of another module gives the instance', async () => {
    @Injectable()
    @UseFilters(Filter)
    class Host {
      @EtcdWatch('/elsewhere')
      onChange(event: EtcdEvent) {
        fail(event);
      }
    }
    @Module({ providers: [Notes, Host], exports: [Host] })
    class HostModule {}
    await using app = await Watching.start({
      options: { hosts: etcd.url },
      imports: [HostModule],
      providers: [{ provide: 'given', useFactory: (host: Host) => host, inject: [Host] }],
    });
    await app.etcd.set('/elsewhere', 'known');
    expect(await until('filter(known) etcd set /elsewhere of 1')).toHaveLength(1);
    expect(app.lines).toEqual([]);
  });

  it('that is nearest is asked, and one that throws has not handled the error', async () => {
    @Catch()
    class Rethrowing implements ExceptionFilter {
      catch(error: unknown) {
        seen.push('rethrowing');
        throw error;
      }
    }
    @Catch()
    class Unfit implements ExceptionFilter {
      catch(_: unknown, host: ArgumentsHost) {
        seen.push('unfit');
        host.switchToHttp().getResponse<{ status: (code: number) => void }>().status(500);
      }
    }
    @Catch()
    class Answering implements ExceptionFilter {
      catch(error: Error) {
        seen.push('answering');
        return throwError(() => new Other(`mapped ${error.message}`));
      }
    }
    @UseFilters(new Unfit())
    class Host {
      @EtcdWatch('/thrown')
      @UseFilters(Rethrowing)
      near(event: EtcdEvent) {
        fail(event);
      }

      @EtcdWatch('/thrown')
      far(event: EtcdEvent) {
        fail(event);
      }

      @EtcdWatch('/thrown')
      @UseFilters(Answering)
      answering(event: EtcdEvent) {
        fail(event);
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Host] }, 3);
    await app.etcd.set('/thrown', '1');
    await waitFor(() => app.of('watch.handler.failed').length === 3);
    expect(seen.sort()).toEqual(['answering', 'rethrowing', 'unfit']);
    const failed = new Map(app.of('watch.handler.failed').map((event) => [event.handler, event]));
    expect(failed.get('Host#near')).toMatchObject({ error: { message: 'other' } });
    expect(failed.get('Host#near')).not.toHaveProperty('filterError');
    expect(failed.get('Host#far')).toMatchObject({
      error: { message: 'other' },
      filterError: { name: 'TypeError' },
    });
    expect(failed.get('Host#answering')).toMatchObject({ filterError: { message: 'mapped other' } });
    expect(app.lines.map(({ message }) => message).sort()).toEqual([
      expect.stringMatching(/^Host#answering failed .*: Error: other; so did a filter: Error: mapped other$/),
      expect.stringMatching(/^Host#far failed .*: Error: other; so did a filter: TypeError: /),
      expect.stringMatching(/^Host#near failed .*: Error: other$/),
    ]);
  });

  it("of this package's lets errors of etcd's through, because there is no response to send", async () => {
    @Injectable()
    class Reader {
      @EtcdWatch('/missing', { actions: ['set'] })
      onChange(event: EtcdChangeEvent | EtcdEvent) {
        fail(event);
      }
    }
    await using app = await Watching.start({
      options: { hosts: etcd.url },
      providers: [Reader, { provide: APP_FILTER, useClass: EtcdExceptionFilter }],
    });
    await app.etcd.set('/missing', 'missing');
    await waitFor(() => app.of('watch.handler.failed').length === 1);
    expect(app.of('watch.handler.failed')[0]).not.toHaveProperty('filterError');
    expect(app.lines).toHaveLength(1);
  });
});
