import { describe, expect, it } from '@jest/globals';

import * as errors from '../errors/index.js';
import { toError } from './map-error.js';
import type { EtcdRequest, HttpAnswer } from './request.js';

const get: EtcdRequest = { method: 'GET', path: '/v2/keys/a?quorum=true', read: true };

function answer(status: number, body: unknown, rest: Partial<HttpAnswer> = {}): HttpAnswer {
  return {
    kind: 'answer',
    status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    clusterId: undefined,
    etcdIndex: undefined,
    raftIndex: undefined,
    raftTerm: undefined,
    location: undefined,
    ...rest,
  };
}
const map = (status: number, body: unknown, rest?: Partial<HttpAnswer>, request = get) =>
  toError(request, answer(status, body, rest), 'http://m:1');

type Name = keyof typeof errors;

describe("etcd's own errors", () => {
  /** Every number that etcd knows, its message and HTTP status, and the class it becomes here. */
  const table: [code: number, message: string, status: number, name: Name][] = [
    [100, 'Key not found', 404, 'EtcdKeyNotFoundError'],
    [101, 'Compare failed', 412, 'EtcdCompareFailedError'],
    [102, 'Not a file', 403, 'EtcdNotFileError'],
    [103, 'Reached the max number of peers in the cluster', 400, 'EtcdInvalidRequestError'],
    [104, 'Not a directory', 400, 'EtcdNotDirectoryError'],
    [105, 'Key already exists', 412, 'EtcdKeyExistsError'],
    [106, 'The prefix of given key is a keyword in etcd', 400, 'EtcdInvalidRequestError'],
    [107, 'Root is read only', 400, 'EtcdRootReadOnlyError'],
    [108, 'Directory not empty', 403, 'EtcdDirectoryNotEmptyError'],
    [109, 'Peer address has existed', 400, 'EtcdInvalidRequestError'],
    [110, 'The request requires user authentication', 401, 'EtcdUnauthorizedError'],
    [200, 'Value is Required in POST form', 400, 'EtcdInvalidRequestError'],
    [201, 'PrevValue is Required in POST form', 400, 'EtcdInvalidRequestError'],
    [202, 'The given TTL in POST form is not a number', 400, 'EtcdInvalidRequestError'],
    [203, 'The given index in POST form is not a number', 400, 'EtcdInvalidRequestError'],
    [204, 'Value or TTL is required in POST form', 400, 'EtcdInvalidRequestError'],
    [205, 'The given timeout in POST form is not a number', 400, 'EtcdInvalidRequestError'],
    [206, 'Name is required in POST form', 400, 'EtcdInvalidRequestError'],
    [207, 'Index or value is required', 400, 'EtcdInvalidRequestError'],
    [208, 'Index and value cannot both be specified', 400, 'EtcdInvalidRequestError'],
    [209, 'Invalid field', 400, 'EtcdInvalidRequestError'],
    [210, 'Invalid POST form', 400, 'EtcdInvalidRequestError'],
    [211, 'Value provided on refresh', 400, 'EtcdInvalidRequestError'],
    [212, 'A TTL must be provided on refresh', 400, 'EtcdInvalidRequestError'],
    [300, 'Raft Internal Error', 500, 'EtcdRaftError'],
    [301, 'During Leader Election', 500, 'EtcdElectionInProgressError'],
    [400, 'watcher is cleared due to etcd recovery', 400, 'EtcdWatcherClearedError'],
    [401, 'The event in requested index is outdated and cleared', 400, 'EtcdEventIndexClearedError'],
    [402, 'Standby Internal Error', 400, 'EtcdInvalidRequestError'],
    [403, 'Invalid active size', 400, 'EtcdInvalidRequestError'],
    [404, 'Standby remove delay', 400, 'EtcdInvalidRequestError'],
    [500, 'Client Internal Error', 400, 'EtcdInvalidRequestError'],
  ];

  it.each(table)('%i (%s, HTTP %i) is an %s', (errorCode, message, status, name) => {
    const error = map(status, { errorCode, message, cause: '/a', index: 7 }, { etcdIndex: 7 });
    expect(error.name).toBe(name);
    expect(error).toBeInstanceOf(errors[name]);
    expect(error).toMatchObject({ errorCode, status, index: 7, endpoint: 'http://m:1' });
    expect(error.message).toContain(message);
    expect(error.message).toContain(`etcd error ${errorCode}`);
  });

  it('names the request without its query, and the reason that etcd gives', () => {
    const error = map(404, { errorCode: 100, message: 'Key not found', cause: '/a', index: 7 });
    expect(error.message).toBe('GET /v2/keys/a: Key not found: /a (etcd error 100) (at http://m:1)');
    expect(error.reason).toBe('/a');
  });

  it('leaves out what a failed comparison explains, which holds both values', () => {
    const error = map(412, { errorCode: 101, message: 'Compare failed', cause: '[old != secret]', index: 7 });
    expect(error.reason).toBeUndefined();
    expect(JSON.stringify(error) + error.message).not.toContain('secret');
  });
});

describe('other answers', () => {
  it.each<[status: number, name: Name]>([
    [400, 'EtcdInvalidRequestError'],
    [401, 'EtcdUnauthorizedError'],
    [403, 'EtcdForbiddenError'],
    [404, 'EtcdNotFoundError'],
    [409, 'EtcdConflictError'],
    [410, 'EtcdNotFoundError'],
    [415, 'EtcdInvalidRequestError'],
    [429, 'EtcdServerError'],
    [500, 'EtcdServerError'],
    [503, 'EtcdServerError'],
  ])('the members and auth APIs: HTTP %i with a message is an %s', (status, name) => {
    const error = map(status, { message: 'auth: why not' });
    expect(error.name).toBe(name);
    expect(error.message).toContain(`auth: why not (HTTP ${status})`);
    expect(error.errorCode).toBeUndefined();
  });

  it.each<[status: number, name: Name]>([
    [405, 'EtcdInvalidRequestError'],
    [421, 'EtcdInvalidRequestError'],
    [404, 'EtcdV2NotEnabledError'],
    [502, 'EtcdServerError'],
    [504, 'EtcdServerError'],
  ])('plain text, HTML and empty bodies: HTTP %i is an %s', (status, name) => {
    for (const body of ['Method Not Allowed\n', '<html><body>nginx</body></html>', '', 'x'.repeat(1e6)])
      expect(map(status, body).name).toBe(name);
  });

  it('quotes a line of plain text, and nothing of a page', () => {
    expect(map(405, 'Method Not Allowed\n').message).toContain('Method Not Allowed (HTTP 405)');
    expect(map(502, '<html>secret</html>').message).toContain('no explanation that etcd gives (HTTP 502)');
    expect(map(502, 'line\nline').message).not.toContain('line');
    expect(map(412, '{"action":"get","node":{"key":"/a","value":"hush').message).not.toContain('hush');
  });

  it('tells a missing v2 API from a missing key or member', () => {
    expect(map(404, '404 page not found\n').name).toBe('EtcdV2NotEnabledError');
    expect(map(404, { message: 'No such member: ab' }).name).toBe('EtcdNotFoundError');
    expect(map(404, 'x', { etcdIndex: 5 }).name).toBe('EtcdNotFoundError');
  });

  it('knows an election by its message', () => {
    expect(map(503, { message: 'During election' }).name).toBe('EtcdElectionInProgressError');
  });

  it('shows nothing of where a redirect leads', () => {
    const error = map(307, '<a href="http://evil">', { location: 'http://evil/?token=1' });
    expect(error.name).toBe('EtcdRedirectError');
    expect(error.message + JSON.stringify(error)).not.toContain('evil');
  });

  it.each([
    'null',
    '[]',
    '7',
    '"text"',
    '{}',
    '{"errorCode":"100","message":7,"cause":{}}',
    '{"errorCode":1e999}',
  ])('makes do with the JSON %s', (body) => {
    const error = map(400, body);
    expect(error.name).toBe('EtcdInvalidRequestError');
    expect(error.errorCode).toBeUndefined();
    expect(error.message).toContain('no explanation that etcd gives (HTTP 400)');
  });

  it('does not repeat a value that the answer repeats', () => {
    const put: EtcdRequest = { method: 'PUT', path: '/v2/keys/a', body: 'value=hush-hush', read: false };
    for (const body of [
      'bad form: value=hush-hush',
      { message: 'hush-hush' },
      { errorCode: 210, cause: 'hush-hush' },
    ]) {
      const error = map(400, body, {}, put);
      expect(error.message + JSON.stringify(error)).not.toContain('hush');
    }
  });
});
