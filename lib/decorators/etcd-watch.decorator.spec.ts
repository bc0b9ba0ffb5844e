import { describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { EtcdOptionsError, json, type EtcdEvent } from '../client/index.js';
import type { EtcdDecodedEvent, EtcdWatchHandlerOptions, EtcdWatchKey } from '../interfaces/index.js';
import { definitionsOf } from '../explorer/method-definitions.js';
import { watchDecoration } from '../watch/watch-definition.js';
import { EtcdWatch } from './etcd-watch.decorator.js';

/** Defines a class with one handler. */
function define(key: unknown, options?: unknown): object {
  @Injectable()
  class Config {
    @EtcdWatch(key as EtcdWatchKey, options as { recursive?: boolean })
    onChange() {}
  }
  return Config.prototype;
}

const schema = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: value as number }) },
} as const;

describe('@EtcdWatch', () => {
  it('notes its arguments, with nothing left open', () => {
    expect([...definitionsOf(watchDecoration, define('a/b/'))]).toEqual([
      [
        'onChange',
        {
          key: '/a/b',
          inject: [],
          connection: undefined,
          recursive: false,
          initial: false,
          buffer: undefined,
          actions: undefined,
          concurrency: 1,
          decoding: undefined,
        },
      ],
    ]);
    const makeKey = () => ['a'];
    const options = {
      recursive: true,
      initial: true,
      buffer: 10,
      actions: ['set', 'delete'],
      connection: 'audit',
      inject: ['TOKEN', Symbol.for('token'), Map],
      concurrency: 7,
      schema,
    } satisfies EtcdWatchHandlerOptions;
    const [[, definition] = []] = [
      ...definitionsOf(watchDecoration, define(makeKey, Object.freeze(options))),
    ];
    const { actions, schema: _, ...rest } = options;
    expect(definition).toEqual({
      ...rest,
      key: makeKey,
      actions: new Set(actions),
      decoding: { codec: json, schema },
    });
  });

  it('keeps those of one method in the order in which they are written', () => {
    class Config {
      @EtcdWatch('/a')
      @EtcdWatch('/b')
      onChange() {}
    }
    expect([...definitionsOf(watchDecoration, Config.prototype)].map(([, { key }]) => key)).toEqual([
      '/a',
      '/b',
    ]);
  });

  it('stays where another decorator has put something else in the place of the method', () => {
    const replace = (_: object, __: string, descriptor: PropertyDescriptor) => ({
      ...descriptor,
      value: () => undefined,
    });
    class Config {
      @replace
      @EtcdWatch('/a')
      onChange() {}
    }
    expect([...definitionsOf(watchDecoration, Config.prototype)]).toHaveLength(1);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['an empty key', '', {}, /^`key`: it is empty.* \(@EtcdWatch of Config#onChange\)$/],
    ['a key that etcd cannot hold', '/a//b', {}, /^`key`: '\/a\/\/b' \(string\) has an empty segment/],
    ['no key', undefined, {}, /^`key`: expected a path or its segments, got undefined/],
    ['options that are none', '/a', 'recursive', /^`options of @EtcdWatch`: expected an object, got a string/],
    ['null for options', '/a', null, /^`options of @EtcdWatch`: expected an object, got null/],
    ['a misspelt option', '/a', { recursve: true }, /^`recursve`: no such option here.*concurrency, connection/],
    ['an option of the client alone', '/a', { waitIndex: 7 }, /^`waitIndex`: no such option/],
    ['a wrong `recursive`', '/a', { recursive: 1 }, /^`recursive`: expected true or false, got 1/],
    ['a wrong `initial`', '/a', { initial: 'yes' }, /^`initial`: expected true or false/],
    ['a wrong `buffer`', '/a', { buffer: 0 }, /^`buffer`: expected a whole number of events from 1/],
    ['a wrong `concurrency`', '/a', { concurrency: 1.5 }, /^`concurrency`: expected a whole number of handlers/],
    ['no `concurrency` at all', '/a', { concurrency: 0 }, /^`concurrency`: .* from 1 to 1000, got 0/],
    ['an empty name', '/a', { connection: '' }, /^`connection`: expected a text that is not empty/],
    ['actions that are no list', '/a', { actions: 'set' }, /^`actions`: expected some of set, create.* got 'set'/],
    ['no actions', '/a', { actions: [] }, /^`actions`: .*got an empty list; leave it out for all/],
    ['an unknown action', '/a', { actions: ['put'] }, /^`actions`: expected some of .* got 'put' \(string\)/],
    ['what every object has', '/a', { actions: ['toString'] }, /^`actions`: .* got 'toString'/],
    ['the action that always comes', '/a', { actions: ['resync'] }, /^`actions`: .*; it reaches the handler always/],
    ['`inject` without a function', '/a', { inject: [] }, /^`inject`: it is for a key that is a function/],
    ['`inject` that is no list', () => '/a', { inject: 'A' }, /^`inject`: expected a list of injection tokens/],
    ['no token', () => '/a', { inject: [undefined] }, /^`inject`: expected a class.* got undefined; do two files/],
    ['an empty token', () => '/a', { inject: [''] }, /^`inject`: expected a class, a text or a symbol, got ''/],
    ['fewer tokens than parameters', (a: string, b: string) => a + b, { inject: ['A'] }, /^`inject`: the key is a function of 2, and 1 are given/],
    ['a codec that is none', '/a', { codec: {} }, /^`codec`: expected a codec with `decode`, got \(object\)/],
    ['a schema that is none', '/a', { schema: {} }, /^`schema`: expected a schema with `validate`, got undefined/],
    ['null for a schema', '/a', { schema: null }, /^`schema`: expected a schema with `validate`, got undefined/],
  ])('refuses %s when the class is defined', (_, key, options, message) => {
    const attempt = () => define(key, options);
    expect(attempt).toThrow(EtcdOptionsError);
    expect(attempt).toThrow(message);
  }); // prettier-ignore

  it('refuses to stand on anything but a method of the instance', () => {
    const decorate = EtcdWatch('/a') as (...args: unknown[]) => void;
    class Config {
      static onChange() {}
      get value() {
        return 1;
      }
    }
    const at = (target: object, name: PropertyKey) => () =>
      decorate(target, name, Object.getOwnPropertyDescriptor(target, name));
    expect(at(Config, 'onChange')).toThrow(
      '`EtcdWatch`: it stands on a static method, for which there is no instance; make it a method of the instance (@EtcdWatch of Config#onChange)',
    );
    expect(at(Config.prototype, 'value')).toThrow('it stands on no method; put it on a method');
    expect(at(Config.prototype, 'field')).toThrow('it stands on no method');
    expect(() => decorate(Config.prototype, Symbol('s'), { value: () => undefined })).toThrow(
      'a method named by Symbol(s) (symbol); give it a text as its name',
    );
  });

  it('compiles with what its options give to the handler, and with nothing less', () => {
    class Config {
      @EtcdWatch('/a', { recursive: true })
      any(event: EtcdEvent) {
        return event;
      }

      @EtcdWatch('/a', { schema })
      decoded(event: EtcdDecodedEvent<number>) {
        return event;
      }

      @EtcdWatch((a: number, b: string) => `/${a}${b}`, { inject: ['A', 'B'], codec: json })
      async none() {}

      // @ts-expect-error: a resync may come as well
      @EtcdWatch('/a', { actions: ['set'] })
      change(event: Exclude<EtcdEvent, { action: 'resync' }>) {
        return event;
      }

      // @ts-expect-error: nothing decodes
      @EtcdWatch('/a')
      undecoded(event: EtcdDecodedEvent<number>) {
        return event;
      }

      // @ts-expect-error: the schema gives a number
      @EtcdWatch('/a', { schema })
      other(event: EtcdDecodedEvent<string>) {
        return event;
      }
    }
    expect([...definitionsOf(watchDecoration, Config.prototype)]).toHaveLength(6);
    // @ts-expect-error: there is no such action
    expect(() => EtcdWatch('/a', { actions: ['put'] })).not.toThrow();
  });
});
