import type { Member } from '../member.js';
import { expirationOf, isCreation, KeysError, type StoreEvent, type Watcher } from '../store/index.js';
import { type Answer, json } from './answer.js';
import { cleanPath } from './clean-path.js';
import type { EtcdRequest } from './etcd-request.js';
import { type Form, parseForm } from './form.js';
import { errorJson, eventJson } from './json.js';
import { type KeysParameters, parseParameters } from './keys-request.js';
import { parseMediaType } from './media-type.js';

/** How long the body of a form may be, in bytes. */
export const longestForm = 10 * 1_024 * 1_024;

/** An answer that begins now and goes on whenever there is an event. */
export interface WatchAnswer {
  readonly watcher: Watcher;
  readonly headers: Answer['headers'];
}

/** Answers a request below `/v2/keys`. */
export function answerKeys(member: Member, request: EtcdRequest): Answer | WatchAnswer {
  try {
    const parameters = parseParameters(readForm(request), request.method);
    member.readAuthFlag();
    const side = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
    const path = request.path.slice('/v2/keys'.length);
    if (!member.auth.allowsKey(request.headers.authorization, side, path, parameters.recursive)) {
      throw new KeysError(110, 'Insufficient credentials');
    }
    const key = keyOf(path);
    if (request.method === 'GET' && parameters.wait && !parameters.quorum)
      return watch(member, key, parameters);
    return eventAnswer(member, operate(member, request.method, key, parameters), parameters);
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    return errorAnswer(member, error);
  }
}

/** Whether the body is a form, which is read; anything else is passed over. */
export function wantsForm({ method, headers }: Pick<EtcdRequest, 'method' | 'headers'>): boolean {
  if (method !== 'PUT' && method !== 'POST') return false;
  return parseMediaType(headers['content-type'] ?? '').type === 'application/x-www-form-urlencoded';
}

function readForm(request: EtcdRequest): Form {
  const form: Form = new Map();
  const problems: (string | undefined)[] = [];
  if (request.method === 'PUT' || request.method === 'POST') {
    // Without a type, Go takes the body for a mere row of bytes.
    problems.push(parseMediaType(request.headers['content-type'] || 'application/octet-stream').problem);
    if (request.body.length > longestForm) problems.push('http: POST too large');
    else problems.push(parseForm(request.body, form));
  }
  problems.push(parseForm(request.query, form));
  const problem = problems.find((each) => each !== undefined);
  if (problem !== undefined) throw new KeysError(210, problem);
  return form;
}

/** The store knows no slash at the end. */
function keyOf(path: string): string {
  const key = cleanPath(path);
  return key.length > 1 && key.endsWith('/') ? key.slice(0, -1) : key;
}

/** Finds out what is asked for, and does it (protocol page, 2.3). */
function operate(member: Member, method: string, key: string, parameters: KeysParameters): StoreEvent {
  const { store } = member;
  const { prevExist, prevValue, prevIndex, refresh, value, ttl } = parameters;
  const compares = prevValue !== '' || prevIndex > 0n;
  const expiration = ttl === undefined ? undefined : expirationOf(member.options.clock.now(), ttl);
  if (method === 'GET' || method === 'HEAD') {
    if (method === 'GET' && parameters.quorum) member.propose();
    return store.get(key, parameters);
  }
  member.propose();
  if (method === 'POST') return store.create(key, parameters, expiration, true);
  if (method === 'DELETE') {
    return compares ? store.compareAndDelete(key, parameters) : store.delete(key, parameters);
  }
  if (prevExist === false) return store.create(key, parameters, expiration);
  const lifetime = { expiration, refresh };
  if (compares) return store.compareAndSwap(key, parameters, value, lifetime);
  return prevExist ? store.update(key, value, lifetime) : store.set(key, parameters, lifetime);
}

function watch(member: Member, key: string, parameters: KeysParameters): WatchAnswer {
  const watcher = member.store.watch(key, parameters);
  return { watcher, headers: successHeaders(member, watcher.startIndex) };
}

function eventAnswer(member: Member, event: StoreEvent, { noValueOnSuccess }: KeysParameters): Answer {
  const terse = noValueOnSuccess && ['set', 'create', 'update', 'compareAndSwap'].includes(event.action);
  return {
    status: isCreation(event) ? 201 : 200,
    headers: successHeaders(member, event.index),
    body: terse ? `{"action":"${event.action}"}\n` : eventJson(event),
  };
}

function successHeaders(member: Member, index: number): Answer['headers'] {
  return [
    json,
    ['X-Etcd-Cluster-Id', member.clusterId],
    ['X-Etcd-Index', String(index)],
    ['X-Raft-Index', String(member.raftIndex)],
    ['X-Raft-Term', String(member.raftTerm)],
  ];
}

function errorAnswer({ clusterId }: Member, error: KeysError): Answer {
  return {
    status: error.status,
    headers: [json, ['X-Etcd-Cluster-Id', clusterId], ['X-Etcd-Index', String(error.index)]],
    body: errorJson(error),
  };
}
