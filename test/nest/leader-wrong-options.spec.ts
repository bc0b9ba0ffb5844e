import { describe, expect, it } from '@jest/globals';
import { Injectable, type ModuleMetadata, Scope, type Type } from '@nestjs/common';
import { EtcdLeader, EtcdModule, LeaderOnly } from 'nestjs-etcd';
import { refusal } from './watching.js';

describe('@EtcdLeader and @LeaderOnly', () => {
  const wrong = (define: (prototype: object, descriptor: PropertyDescriptor) => void) => () => {
    class Wrong {
      method(): void {}
    }
    define(Wrong.prototype, Object.getOwnPropertyDescriptor(Wrong.prototype, 'method') as PropertyDescriptor);
  };

  it.each<[string, () => void, string]>([
    ['an empty name', wrong((it, at) => EtcdLeader('')(it, 'method', at)), '`name`: expected a text'],
    ['a wrong ttl', wrong((it, at) => EtcdLeader('a', { ttl: 0.5 })(it, 'method', at)), '`ttl`: expected'],
    [
      'a wrong value',
      wrong((it, at) => EtcdLeader('a', { value: 1 as never })(it, 'method', at)),
      '`value`: expected',
    ],
    [
      'an unknown option',
      wrong((it, at) => LeaderOnly('a', { tll: 1 } as never)(it, 'method', at)),
      '`tll`: no such option',
    ],
    ['an empty name', wrong((it, at) => LeaderOnly('')(it, 'method', at)), '`name`: expected a text'],
  ])('refuses %s when the class is defined', (_what, define, message) => {
    expect(define).toThrow(message);
    expect(define).toThrow(/\(@(EtcdLeader|LeaderOnly) of Wrong#method\)/);
  });

  it('refuses providers that are made for each request, and methods that do not agree', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      @EtcdLeader('scoped')
      lead() {}
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      @LeaderOnly('scoped')
      job() {}
    }
    @Injectable()
    class Disagreeing {
      @EtcdLeader('same', { ttl: 2 })
      one() {}

      @LeaderOnly('same', { ttl: 3 })
      two() {}
    }
    const start = (...providers: Type[]): ModuleMetadata => ({
      imports: [EtcdModule.forRoot({ hosts: 'http://127.0.0.1:1', sync: false })],
      providers,
    });
    expect((await refusal(start(Scoped))).message).toContain(
      'the @EtcdLeader of Scoped#lead cannot be called',
    );
    expect((await refusal(start(Transient))).message).toContain('the @LeaderOnly of Transient#job cannot');
    expect((await refusal(start(Disagreeing))).message).toContain("gives the election 'same' the ttl 3");
  });
});
