import type { Member } from '../member.js';
import { type Answer, json, methodNotAllowed, notFound, text } from './answer.js';
import { answerAuth, refused } from './auth-handler.js';
import { cleanPath } from './clean-path.js';
import { escapeHtml, percentEncodePath } from './escapes.js';
import type { EtcdRequest } from './etcd-request.js';
import { messageJson } from './json.js';
import { answerKeys, type WatchAnswer } from './keys-handler.js';
import { leaderStats, selfStats, storeStats } from './stats-handler.js';

/** Answers a request, whatever it is for (protocol page, 1.2 to 1.4). */
export function route(member: Member, request: EtcdRequest): Answer | WatchAnswer {
  const { method, path } = request;
  if (path === '*') return answerAsterisk(method);
  if (method === 'OPTIONS') return { status: 200, headers: [], body: '' };
  if (method !== 'CONNECT' && cleanPath(path) !== path) return redirect(request);
  if (path === '/v2/keys' || path.startsWith('/v2/keys/')) {
    const allowed = ['HEAD', 'GET', 'PUT', 'POST', 'DELETE'];
    return allowed.includes(method) ? answerKeys(member, request) : methodNotAllowed(allowed.join(','));
  }
  if (path === '/v2/members' || path.startsWith('/v2/members/')) return answerMembers(member, request);
  if (path.startsWith('/v2/auth/')) return answerAuth(member, request);
  if (path === '/v2/machines') {
    if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed('GET,HEAD');
    return { status: 200, headers: [text], body: member.options.clientURL, sniffed: true };
  }
  const answer = readOnly[path];
  if (answer === undefined) return notFound;
  return method === 'GET' ? answer(member) : methodNotAllowed('GET');
}

/** The whole server is meant: Go's library answers that by itself, before etcd has a say. */
function answerAsterisk(method: string): Answer {
  if (method === 'OPTIONS')
    return { status: 200, headers: [['Content-Length', '0']], body: '', origins: false };
  return { status: 400, headers: [['Connection', 'close']], body: '' };
}

function jsonAnswer(body: string): Answer {
  return { status: 200, headers: [json], body };
}

const readOnly: Record<string, (member: Member) => Answer> = {
  '/v2/stats/store': (member) => jsonAnswer(storeStats(member)),
  '/v2/stats/self': (member) => jsonAnswer(selfStats(member)),
  '/v2/stats/leader': (member) => jsonAnswer(leaderStats(member)),
  '/version': ({ options: { version } }) => {
    const etcdcluster = version.replace(/^(\d+\.\d+)\..*$/, '$1.0');
    return jsonAnswer(JSON.stringify({ etcdserver: version, etcdcluster }));
  },
  '/health': (member) => {
    // etcd asks itself with a quorum read.
    member.propose();
    member.store.stats.getsSuccess++;
    return { status: 200, headers: [text], body: '{"health":"true"}', sniffed: true };
  },
};

/** The list and the leader. Members cannot be changed: it answers as a cluster does that cannot agree. */
function answerMembers(member: Member, { method, path, headers: sent }: EtcdRequest): Answer {
  if (!['GET', 'POST', 'DELETE', 'PUT'].includes(method)) return methodNotAllowed('GET,POST,DELETE,PUT');
  if (method !== 'GET' && !member.auth.allowsRoot(sent.authorization)) return refused;
  const headers = [json, ['X-Etcd-Cluster-Id', member.clusterId]] as const;
  const name = path.slice('/v2/members'.length).replace(/^\//, '');
  if (method !== 'GET') return { status: 500, headers, body: messageJson('Internal Server Error') };
  if (name === '') return { status: 200, headers, body: `{"members":[${member.describe()}]}\n` };
  if (name === 'leader') return { status: 200, headers, body: `${member.describe()}\n` };
  return { status: 404, headers, body: messageJson('Not found') };
}

/** To the clean path. Only who may follow without harm is told so in words. */
function redirect({ method, path, query }: EtcdRequest): Answer {
  const location = percentEncodePath(cleanPath(path)) + (query === '' ? '' : `?${query}`);
  const type =
    method === 'GET' || method === 'HEAD' ? ([['Content-Type', 'text/html; charset=utf-8']] as const) : [];
  const body = method === 'GET' ? `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n` : '';
  return { status: 301, headers: [...type, ['Location', location]], body };
}
