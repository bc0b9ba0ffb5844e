import { type Member, ProposalTimeout, type Replica } from '../cluster/index.js';
import { expirationOf, isCreation, KeysError, type StoreEvent, type Watcher } from '../store/index.js';
import { type Answer, json } from './answer.js';
import { cleanPath } from './clean-path.js';
import type { EtcdRequest } from './etcd-request.js';
import { type Form, longestForm, parseForm } from './form.js';
import { errorJson, eventBody } from './json.js';
import { type KeysParameters, parseParameters } from './keys-request.js';
import { parseMediaType } from './media-type.js';

/** An answer that begins now and goes on whenever there is an event. */
export interface WatchAnswer {
  readonly watcher: Watcher;
  readonly headers: Answer['headers'];
}

/** Answers a request below `/v2/keys`; later, if that takes an agreement of members that is not to be had. */
export function answerKeys(
  member: Member,
  request: EtcdRequest,
): Answer | WatchAnswer | Promise<Answer | WatchAnswer> {
  try {
    const parameters = parseParameters(readForm(request), request.method);
    checkCredentials(member, request, parameters);
    const key = keyOf(request.path.slice('/v2/keys'.length));
    if (request.method === 'GET' && parameters.wait && !parameters.quorum)
      return watch(member, key, parameters);
    return counted(member, request.method, key, parameters);
  } catch (error) {
    return errorAnswer(member, error);
  }
}

/** Does what is asked for, and counts how that goes. */
function counted(
  member: Member,
  method: string,
  key: string,
  parameters: KeysParameters,
): Answer | Promise<Answer> {
  const label = method === 'GET' && parameters.quorum ? 'QGET' : method;
  const begin = performance.now();
  member.metrics.receive(label);
  const success = (event: StoreEvent): Answer => {
    member.metrics.succeed(label, (performance.now() - begin) / 1_000);
    return eventAnswer(member, event, parameters);
  };
  const failure = (error: unknown): Answer => {
    const answer = errorAnswer(member, error);
    member.metrics.fail(label, answer.status);
    return answer;
  };
  try {
    const event = operate(member, method, key, parameters);
    return event instanceof Promise ? event.then(success).catch(failure) : success(event);
  } catch (error) {
    return failure(error);
  }
}

function checkCredentials(member: Member, request: EtcdRequest, { recursive }: KeysParameters): void {
  member.readAuthFlag();
  const side = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
  const path = request.path.slice('/v2/keys'.length);
  if (!member.auth.allowsKey(request.headers.authorization, side, path, recursive))
    throw new KeysError(110, 'Insufficient credentials');
}

function readForm(request: EtcdRequest): Form {
  const form: Form = new Map();
  const problems: (string | undefined)[] = [];
  if (request.method === 'PUT' || request.method === 'POST') {
    // Without a type, Go takes the body for a mere row of bytes.
    problems.push(parseMediaType(request.headers['content-type'] || 'application/octet-stream').problem);
    if (request.body.length > longestForm) problems.push('http: POST too large');
    else problems.push(request.bodyProblem ?? parseForm(request.body, form));
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

/** Does what is asked for: here, or in all members. */
function operate(
  member: Member,
  method: string,
  key: string,
  parameters: KeysParameters,
): StoreEvent | Promise<StoreEvent> {
  const isRead = method === 'HEAD' || (method === 'GET' && !parameters.quorum);
  if (isRead) return member.store.get(key, parameters);
  return member.propose(commandOf(member, method, key, parameters));
}

/** Finds out what is asked for (protocol page, 2.3). */
function commandOf(
  { cluster }: Member,
  method: string,
  key: string,
  parameters: KeysParameters,
): (replica: Replica) => StoreEvent {
  const { prevExist, prevValue, prevIndex, refresh, value, ttl } = parameters;
  const compares = prevValue !== '' || prevIndex > 0n;
  const expiration = ttl === undefined ? undefined : expirationOf(cluster.options.clock.now(), ttl);
  const lifetime = { expiration, refresh };
  if (method === 'GET') return ({ store }) => store.get(key, parameters);
  if (method === 'POST') return ({ store }) => store.create(key, parameters, expiration, true);
  if (method === 'DELETE') {
    return ({ store }) =>
      compares ? store.compareAndDelete(key, parameters) : store.delete(key, parameters);
  }
  if (prevExist === false) return ({ store }) => store.create(key, parameters, expiration);
  if (compares) return ({ store }) => store.compareAndSwap(key, parameters, value, lifetime);
  if (prevExist) return ({ store }) => store.update(key, value, lifetime);
  return ({ store }) => store.set(key, parameters, lifetime);
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
    body: terse ? `{"action":"${event.action}"}\n` : eventBody(event),
  };
}

function successHeaders(member: Member, index: number): Answer['headers'] {
  return [
    json,
    ['X-Etcd-Cluster-Id', member.cluster.id],
    ['X-Etcd-Index', String(index)],
    ['X-Raft-Index', String(member.raftIndex)],
    ['X-Raft-Term', String(member.cluster.raft.term)],
  ];
}

/** @throws whatever is no refusal of etcd's */
function errorAnswer({ cluster }: Member, thrown: unknown): Answer {
  const error = thrown instanceof ProposalTimeout ? new KeysError(300, thrown.message) : thrown;
  if (!(error instanceof KeysError)) throw error;
  return {
    status: error.status,
    headers: [json, ['X-Etcd-Cluster-Id', cluster.id], ['X-Etcd-Index', String(error.index)]],
    body: errorJson(error),
  };
}
