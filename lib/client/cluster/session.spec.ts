import { describe, expect, it } from '@jest/globals';

import { EtcdClusterIdChangedError } from '../errors/index.js';
import type { HttpAnswer } from '../http/request.js';
import { Session } from './session.js';

const answer = (fields: Partial<HttpAnswer>): HttpAnswer => ({
  kind: 'answer',
  status: 200,
  body: '',
  clusterId: undefined,
  etcdIndex: undefined,
  raftIndex: undefined,
  raftTerm: undefined,
  location: undefined,
  ...fields,
});

describe('Session', () => {
  it('takes an answer for stale whose index or term is lower than what was seen when it was asked for', () => {
    const session = new Session(undefined);
    const before = session.mark();
    session.advance(answer({ etcdIndex: 10, raftTerm: 3 }));
    const sent = session.mark();
    expect(session.isStale(answer({ etcdIndex: 9, raftTerm: 3 }), sent)).toBe(true);
    expect(session.isStale(answer({ etcdIndex: 10, raftTerm: 2 }), sent)).toBe(true);
    expect(session.isStale(answer({ etcdIndex: 10, raftTerm: 3 }), sent)).toBe(false);
    // What was under way at the same time may be older than what came first.
    expect(session.isStale(answer({ etcdIndex: 9, raftTerm: 2 }), before)).toBe(false);
    expect(session.isStale(answer({}), sent)).toBe(false);
  });

  it('takes a term for proven only when raft has told it', () => {
    const session = new Session(undefined);
    session.advance(answer({ etcdIndex: 10, raftTerm: 9 }));
    expect(session.provenTerm).toBe(0);
    session.advance(answer({ etcdIndex: 10, raftTerm: 8 }), true);
    session.advance(answer({ etcdIndex: 11, raftTerm: 7 }), true);
    expect(session.provenTerm).toBe(8);
    session.restart(answer({ etcdIndex: 1, raftTerm: 2 }));
    expect(session.provenTerm).toBe(2);
  });

  it('never goes back, but where it begins anew', () => {
    const session = new Session(undefined);
    session.advance(answer({ etcdIndex: 10, raftTerm: 3 }));
    session.advance(answer({ etcdIndex: 4, raftTerm: 5 }));
    session.advance(answer({}));
    expect(session.mark()).toEqual({ index: 10, term: 5 });
    session.restart(answer({ etcdIndex: 2, raftTerm: 1 }));
    expect(session.mark()).toEqual({ index: 2, term: 1 });
  });

  it('learns the first cluster id and refuses every other one, each time', () => {
    const session = new Session(undefined);
    session.checkCluster(answer({}), 'http://a', false);
    expect(session.clusterId).toBeUndefined();
    session.checkCluster(answer({ clusterId: 'cafe' }), 'http://a', false);
    for (let i = 0; i < 3; i++) {
      expect(() => session.checkCluster(answer({ clusterId: 'beef' }), 'http://b', false)).toThrow(
        EtcdClusterIdChangedError,
      );
    }
    session.checkCluster(answer({ clusterId: 'cafe' }), 'http://a', false);
    expect(session.clusterId).toBe('cafe');
  });

  it('accepts an answer without an id, as routers give it, but none that must have one where the id was given', () => {
    const learned = new Session(undefined);
    learned.checkCluster(answer({ clusterId: 'cafe' }), 'http://a', false);
    learned.checkCluster(answer({ etcdIndex: 5 }), 'http://a', false);
    const given = new Session('cafe');
    given.checkCluster(answer({}), 'http://a', false);
    learned.checkCluster(answer({}), 'http://a', true);
    expect(() => given.checkCluster(answer({}), 'http://a', true)).toThrow(/none told/);
  });
});
