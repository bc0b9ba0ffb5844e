import { type Member, ProposalTimeout } from '../cluster/index.js';
import { type Answer, json, methodNotAllowed, plainError, text } from './answer.js';
import { refused } from './auth-handler.js';
import type { EtcdRequest } from './etcd-request.js';
import { messageJson } from './json.js';
import { MembersError, readPeerURLs } from './peer-urls.js';

/** Answers `/v2/machines`. */
export function answerMachines({ cluster }: Member, { method }: EtcdRequest): Answer {
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed('GET,HEAD');
  const urls = cluster.members.flatMap(({ clientURLs }) => clientURLs).sort();
  return { status: 200, headers: [text], body: urls.join(', '), sniffed: true };
}

/** Answers `/v2/members` and what is below (protocol page, 4.1). */
export function answerMembers(member: Member, request: EtcdRequest): Answer | Promise<Answer> {
  const { method, path, headers } = request;
  if (!['GET', 'POST', 'DELETE', 'PUT'].includes(method)) return methodNotAllowed('GET,POST,DELETE,PUT');
  if (method !== 'GET' && !member.auth.allowsRoot(headers.authorization)) return refused;
  const name = path.slice('/v2/members'.length).replace(/^\//, '');
  if (method === 'GET') return show(member, name);
  if (method !== 'POST' && name === '') return withoutId(member);
  const failure = (error: unknown): Answer => {
    if (error instanceof MembersError) return answer(member, error.status, messageJson(error.message));
    if (error instanceof ProposalTimeout) return answer(member, 500, messageJson('Internal Server Error'));
    throw error;
  };
  try {
    const outcome = change(member, request, name);
    return outcome instanceof Promise ? outcome.catch(failure) : outcome;
  } catch (error) {
    return failure(error);
  }
}

function withoutId({ cluster }: Member): Answer {
  const refusal = plainError(405, 'Method Not Allowed');
  return { ...refusal, headers: [...refusal.headers, ['X-Etcd-Cluster-Id', cluster.id]] };
}

function answer({ cluster }: Member, status: number, body = ''): Answer {
  return { status, headers: [...(body === '' ? [] : [json]), ['X-Etcd-Cluster-Id', cluster.id]], body };
}

function show(member: Member, name: string): Answer {
  if (name === '') {
    const members = member.cluster.members.map((each) => each.describe());
    return answer(member, 200, `{"members":[${members.join(',')}]}\n`);
  }
  if (name !== 'leader') return answer(member, 404, messageJson('Not found'));
  const { leader } = member;
  if (leader === undefined) return answer(member, 503, messageJson('During election'));
  return answer(member, 200, `${leader.describe()}\n`);
}

function change(
  member: Member,
  { method, headers, body }: EtcdRequest,
  name: string,
): Answer | Promise<Answer> {
  if (method === 'POST') return add(member, readPeerURLs(headers['content-type'], body));
  const id = /^[0-9a-f]{1,16}$/i.test(name) ? BigInt(`0x${name}`).toString(16) : undefined;
  if (id === undefined) throw new MembersError(404, `No such member: ${name}`);
  if (method === 'DELETE') return remove(member, id);
  return update(member, id, readPeerURLs(headers['content-type'], body));
}

function add(member: Member, peerURLs: readonly string[]): Answer | Promise<Answer> {
  const { cluster } = member;
  if (!cluster.canAdd) throw new MembersError(500, 'Internal Server Error');
  return agreed(member, 1, () => {
    refuseTaken(member, peerURLs);
    return () => answer(member, 201, `${cluster.add(peerURLs).describe()}\n`);
  });
}

function update(member: Member, id: string, peerURLs: readonly string[]): Answer | Promise<Answer> {
  return agreed(member, 1, () => {
    if (member.cluster.wasRemoved(id)) throw new MembersError(500, 'Internal Server Error');
    const changed = find(member, id);
    refuseTaken(member, peerURLs, changed);
    return () => {
      changed.peerURLs = peerURLs;
      return answer(member, 204);
    };
  });
}

function remove(member: Member, id: string): Answer | Promise<Answer> {
  return agreed(member, 2, () => {
    if (member.cluster.wasRemoved(id)) throw new MembersError(410, `Member permanently removed: ${id}`);
    const gone = find(member, id);
    if (!member.cluster.canRemove(gone)) throw new MembersError(500, 'Internal Server Error');
    return () => {
      member.cluster.remove(gone);
      return answer(member, 204);
    };
  });
}

/**
 * Makes a change that a majority agrees upon; it takes up indexes.
 *
 * @param prepare refuses the change by an error, or gives what makes it
 */
function agreed(member: Member, indexes: number, prepare: () => () => Answer): Answer | Promise<Answer> {
  let prepared: (() => Answer) | undefined;
  const made = member.propose(({ store }) => {
    prepared ??= prepare();
    for (let i = 0; i < indexes; i++) store.skipIndex();
    return prepared;
  });
  return made instanceof Promise ? made.then((make) => make()) : made();
}

function find({ cluster }: Member, id: string): Member {
  const found = cluster.find(id);
  if (found === undefined) throw new MembersError(404, `No such member: ${id}`);
  return found;
}

function refuseTaken({ cluster }: Member, peerURLs: readonly string[], besides?: Member): void {
  if (cluster.hasPeerURL(peerURLs, besides)) throw new MembersError(409, 'membership: peerURL exists');
}
