import { EtcdOptionsError } from '../errors/index.js';
import { checkRequestLine, encodeKey } from '../http/key-path.js';
import { encodeParameters, withQuery, type Parameters } from '../http/parameters.js';
import { throughRaft, type EtcdRequest } from '../http/request.js';

/** etcd reads at most this much of a form. */
const longestForm = 10 * 1024 * 1024;

/** `GET /v2/keys/KEY`. */
export function getRequest(key: string, parameters: Parameters, quorum: boolean): EtcdRequest {
  const path = withQuery(pathOf(key), parameters);
  const request: EtcdRequest = { method: 'GET', path, read: true, from: 'local' };
  // `quorum=true` may come to it and is not counted, so that what can be written can be read: the limit has room.
  checkRequestLine('GET', path);
  return quorum ? throughRaft(request) : request;
}

/** Refuses a key that cannot be sent, with room for the parameters of a watch. @throws {EtcdInvalidKeyError} */
export function checkWatchable(key: string): void {
  checkRequestLine('GET', pathOf(key));
}

/** `GET /v2/keys/KEY?wait=true`: the changes of a key, or with `recursive` of everything below it too. */
export function watchRequest(key: string, parameters: Parameters): EtcdRequest {
  return { method: 'GET', path: withQuery(pathOf(key), { wait: true, ...parameters }), read: true };
}

/** `PUT` or `POST /v2/keys/KEY` with a form. */
export function putRequest(
  method: 'PUT' | 'POST',
  key: string,
  form: Parameters,
  idempotent?: boolean,
): EtcdRequest {
  const path = pathOf(key);
  checkRequestLine(method, path);
  const body = encodeParameters(form);
  if (body.length > longestForm) {
    throw new EtcdOptionsError(
      'value',
      `percent-encoded it has ${body.length} bytes, and etcd v2 reads forms of at most ${longestForm}`,
    );
  }
  return {
    method,
    path,
    body,
    contentType: 'application/x-www-form-urlencoded',
    read: false,
    from: 'raft',
    idempotent,
  };
}

/** `DELETE /v2/keys/KEY`, whose parameters can only stand in the query. */
export function deleteRequest(key: string, parameters: Parameters, idempotent?: boolean): EtcdRequest {
  const path = withQuery(pathOf(key), parameters);
  checkRequestLine('DELETE', path);
  return { method: 'DELETE', path, read: false, from: 'raft', idempotent };
}

/** The root is asked for with its slash, because patterns of auth such as `/*` do not match the path without. */
function pathOf(key: string): string {
  return `/v2/keys${encodeKey(key)}`;
}
