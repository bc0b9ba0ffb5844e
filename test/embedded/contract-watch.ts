import type { Exchange } from './exchange.js';

/** Watches, and what happens before and after they begin. */
export interface WatchScenario {
  readonly before?: readonly Exchange[];
  /** Targets of GET requests, with `WAIT` for `wait=true`, and `[NOW]`, `[NOW-n]` or `[NOW+n]` for store indexes. */
  readonly watches: readonly string[];
  readonly after?: readonly Exchange[];
}

const both = (target: string): string[] => [`${target}?WAIT`, `${target}?WAIT&recursive=true`];
const streams = (target: string): string[] => both(target).map((watch) => `${watch}&stream=true`);
const allOf = (...targets: string[]): string[] =>
  targets.flatMap((target) => both(target).concat(streams(target)));

export const watchContract: Readonly<Record<string, WatchScenario>> = {
  'the key itself, above it, below it, beside it': {
    watches: allOf(
      '/v2/keys/w/a',
      '/v2/keys/w',
      '/v2/keys',
      '/v2/keys/',
      '/v2/keys/w/a/b',
      '/v2/keys/w/aa',
      '/v2/keys/w/',
    ),
    after: [
      'PUT /v2/keys/w/a value=1',
      'PUT /v2/keys/w/a value=2',
      'GET /v2/keys/w/a',
      'PUT /v2/keys/w/b value=3',
    ],
  },
  'each kind of change': {
    watches: allOf('/v2/keys/kinds/a', '/v2/keys/kinds'),
    after: [
      'PUT /v2/keys/kinds/a prevExist=false&value=1',
      'PUT /v2/keys/kinds/a prevExist=true&value=2&ttl=500',
      'PUT /v2/keys/kinds/a prevValue=2&value=3&noValueOnSuccess=true',
      'DELETE /v2/keys/kinds/a?prevValue=3',
      'POST /v2/keys/kinds value=4',
      'PUT /v2/keys/kinds/a dir=true',
      'PUT /v2/keys/kinds prevExist=true&dir=true&ttl=500',
      'DELETE /v2/keys/kinds/a?dir=true',
    ],
  },
  'what fails is no event, and a refresh is none': {
    before: ['PUT /v2/keys/silent value=1&ttl=100'],
    watches: allOf('/v2/keys/silent'),
    after: [
      'PUT /v2/keys/silent prevExist=false',
      'PUT /v2/keys/silent prevValue=x',
      'PUT /v2/keys/silent refresh=true&ttl=50',
      'PUT /v2/keys/silent refresh=true&ttl=60&prevExist=true',
      'PUT /v2/keys/silent refresh=true&ttl=70&prevValue=1',
    ],
  },
  'hidden keys, live': {
    watches: allOf('/v2/keys/hid', '/v2/keys/hid/_a', '/v2/keys/hid/_a/b', '/v2/keys'),
    after: ['PUT /v2/keys/hid/_a/b value=1', 'PUT /v2/keys/hid/c/_d value=2', 'PUT /v2/keys/hid/e_ value=3'],
  },
  'the end of a directory, live': {
    before: [
      'PUT /v2/keys/gone/a/b value=1',
      'PUT /v2/keys/gone/_h/b value=1',
      'PUT /v2/keys/gone/c value=1',
      'PUT /v2/keys/goner value=1',
    ],
    watches: allOf(
      '/v2/keys/gone',
      '/v2/keys/gone/a',
      '/v2/keys/gone/a/b',
      '/v2/keys/gone/_h',
      '/v2/keys/gone/_h/b',
      '/v2/keys/gone/none',
      '/v2/keys/goner',
      '/v2/keys',
    ),
    after: ['DELETE /v2/keys/gone?recursive=true'],
  },
  'the end of the watched key, which streams tell twice': {
    before: ['PUT /v2/keys/twice/a value=1', 'PUT /v2/keys/twice/b value=1'],
    watches: allOf('/v2/keys/twice/a', '/v2/keys/twice/b', '/v2/keys/twice'),
    after: ['DELETE /v2/keys/twice/a', 'DELETE /v2/keys/twice/b?prevValue=1'],
  },
  expiry: {
    before: ['PUT /v2/keys/ends/a/b value=1'],
    watches: allOf('/v2/keys/ends', '/v2/keys/ends/a', '/v2/keys/ends/a/b', '/v2/keys/ends/c'),
    after: [
      'PUT /v2/keys/ends/c value=1&ttl=0',
      { request: 'GET /v2/keys/ends/c', expiring: 1 },
      'PUT /v2/keys/ends/a prevExist=true&dir=true&ttl=0',
      { request: 'GET /v2/keys/ends/a', expiring: 1 },
    ],
  },
  'the history': {
    before: [
      'PUT /v2/keys/past/a value=1',
      'PUT /v2/keys/past/a value=2&ttl=100',
      'PUT /v2/keys/past/a refresh=true&ttl=100&prevExist=true',
      'PUT /v2/keys/past/_h value=3',
      'PUT /v2/keys/past/dir/x value=4',
      'DELETE /v2/keys/past/dir?recursive=true',
    ],
    watches: [5, 4, 3, 2, 1, 0].flatMap((back) => [
      `/v2/keys/past/a?WAIT&waitIndex=[NOW-${back}]`,
      `/v2/keys/past?WAIT&recursive=true&waitIndex=[NOW-${back}]`,
      `/v2/keys/past?WAIT&waitIndex=[NOW-${back}]`,
      `/v2/keys/past/dir/x?WAIT&waitIndex=[NOW-${back}]`,
      `/v2/keys/past/dirty?WAIT&waitIndex=[NOW-${back}]`,
      `/v2/keys/past/dir/none?WAIT&stream=true&waitIndex=[NOW-${back}]`,
      `/v2/keys?WAIT&recursive=true&stream=true&waitIndex=[NOW-${back}]`,
      `/v2/keys?WAIT&waitIndex=[NOW-${back}]`,
    ]),
    after: [
      'PUT /v2/keys/past/a value=5',
      'PUT /v2/keys/past/dirty value=6',
      'PUT /v2/keys/past/dir/x value=7',
    ],
  },
  'indexes to come': {
    watches: [0, 1, 2, 3].flatMap((ahead) => [
      `/v2/keys/next?WAIT&recursive=true&waitIndex=[NOW+${ahead}]`,
      `/v2/keys/next?WAIT&recursive=true&stream=true&waitIndex=[NOW+${ahead}]`,
    ]),
    after: ['PUT /v2/keys/next/a value=1', 'PUT /v2/keys/next/b value=2', 'PUT /v2/keys/next/c value=3'],
  },
  'odd parameters': {
    before: ['PUT /v2/keys/odd value=1'],
    watches: [
      '/v2/keys/odd?WAIT&waitIndex=0',
      '/v2/keys/odd?WAIT&waitIndex=18446744073709551615',
      '/v2/keys/odd?WAIT&quorum=true',
      '/v2/keys/odd?stream=true',
      '/v2/keys/odd?waitIndex=1',
      '/v2/keys/odd?WAIT&dir=true&sorted=true&ttl=4&prevValue=x&noValueOnSuccess=true',
      '/v2/keys/odd?WAIT&recursive=x',
    ],
    after: ['PUT /v2/keys/odd value=2'],
  },
  'a history that is too short': {
    before: Array.from({ length: 1_010 }, (_, i) => `PUT /v2/keys/many/${i % 7} value=${i}`),
    watches: [
      ...[1_001, 1_000, 999, 998].map((back) => `/v2/keys/many?WAIT&recursive=true&waitIndex=[NOW-${back}]`),
      '/v2/keys/many?WAIT&waitIndex=1',
      '/v2/keys/many?WAIT&stream=true&waitIndex=1',
    ],
  },
};
