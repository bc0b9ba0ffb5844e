import type { Member } from '../cluster/index.js';
import { type Answer, json, methodNotAllowed, text } from './answer.js';
import { refused } from './auth-handler.js';
import type { EtcdRequest } from './etcd-request.js';
import { messageJson } from './json.js';

/** Answers `/v2/machines`. */
export function answerMachines({ cluster }: Member, { method }: EtcdRequest): Answer {
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed('GET,HEAD');
  const urls = cluster.members.map(({ options }) => options.clientURL).sort();
  return { status: 200, headers: [text], body: urls.join(', '), sniffed: true };
}

/** The list and the leader. Members cannot be changed: it answers as a cluster does that cannot agree. */
export function answerMembers(member: Member, { method, path, headers: sent }: EtcdRequest): Answer {
  if (!['GET', 'POST', 'DELETE', 'PUT'].includes(method)) return methodNotAllowed('GET,POST,DELETE,PUT');
  if (method !== 'GET' && !member.auth.allowsRoot(sent.authorization)) return refused;
  const headers = [json, ['X-Etcd-Cluster-Id', member.cluster.id]] as const;
  const name = path.slice('/v2/members'.length).replace(/^\//, '');
  if (method !== 'GET') return { status: 500, headers, body: messageJson('Internal Server Error') };
  if (name === '') {
    const members = member.cluster.members.map((each) => each.describe());
    return { status: 200, headers, body: `{"members":[${members.join(',')}]}\n` };
  }
  if (name !== 'leader') return { status: 404, headers, body: messageJson('Not found') };
  const { leader } = member;
  if (leader === undefined) return { status: 503, headers, body: messageJson('During election') };
  return { status: 200, headers, body: `${leader.describe()}\n` };
}
