import { type Member, ProposalTimeout } from '../cluster/index.js';
import { type Answer, json, methodNotAllowed, notFound, plainError, text } from './answer.js';
import { answerAuth } from './auth-handler.js';
import { cleanPath } from './clean-path.js';
import { escapeHtml, percentEncodePath } from './escapes.js';
import type { EtcdRequest } from './etcd-request.js';
import { messageJson } from './json.js';
import { answerKeys, type WatchAnswer } from './keys-handler.js';
import { metricsText } from '../metrics/metrics-text.js';
import { answerMachines, answerMembers } from './members-handler.js';
import { leaderStats, selfStats, storeStats } from './stats-handler.js';

/** Answers a request, whatever it is for (protocol page, 1.2 to 1.4). */
export function route(
  member: Member,
  request: EtcdRequest,
): Answer | WatchAnswer | Promise<Answer | WatchAnswer> {
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
  if (path === '/v2/machines') return answerMachines(member, request);
  if (path === '/metrics') return { status: 200, headers: [metricsType], body: metricsText(member) };
  const answer = readOnly[path];
  if (answer === undefined) return notFound;
  return method === 'GET' ? answer(member) : methodNotAllowed('GET');
}

const metricsType = ['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'] as const;

/** The whole server is meant: Go's library answers that by itself, before etcd has a say. */
function answerAsterisk(method: string): Answer {
  if (method === 'OPTIONS')
    return { status: 200, headers: [['Content-Length', '0']], body: '', origins: false };
  return { status: 400, headers: [['Connection', 'close']], body: '' };
}

function jsonAnswer(body: string): Answer {
  return { status: 200, headers: [json], body };
}

const readOnly: Record<string, (member: Member) => Answer | Promise<Answer>> = {
  '/v2/stats/store': (member) => jsonAnswer(storeStats(member)),
  '/v2/stats/self': (member) => jsonAnswer(selfStats(member)),
  '/v2/stats/leader': (member) => {
    const stats = leaderStats(member);
    return stats === undefined
      ? { status: 403, headers: [json], body: messageJson('not current leader') }
      : jsonAnswer(stats);
  },
  '/version': ({ cluster: { options } }) => {
    const etcdcluster = options.version.replace(/^(\d+\.\d+)\..*$/, '$1.0');
    return jsonAnswer(JSON.stringify({ etcdserver: options.version, etcdcluster }));
  },
  '/health': answerHealth,
};

const healthy: Answer = { status: 200, headers: [text], body: '{"health":"true"}', sniffed: true };
const unhealthy = plainError(503, '{"health":"false"}');

/** etcd asks itself with a quorum read, if it knows a leader. */
function answerHealth(member: Member): Answer | Promise<Answer> {
  if (member.leader === undefined) return unhealthy;
  const read = member.propose(({ store }) => void store.stats.getsSuccess++);
  if (!(read instanceof Promise)) return healthy;
  return read.then(
    () => healthy,
    (error: unknown) => {
      if (error instanceof ProposalTimeout) return unhealthy;
      throw error;
    },
  );
}

/** To the clean path. Only who may follow without harm is told so in words. */
function redirect({ method, path, query }: EtcdRequest): Answer {
  const location = percentEncodePath(cleanPath(path)) + (query === '' ? '' : `?${query}`);
  const type =
    method === 'GET' || method === 'HEAD' ? ([['Content-Type', 'text/html; charset=utf-8']] as const) : [];
  const body = method === 'GET' ? `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n` : '';
  return { status: 301, headers: [...type, ['Location', location]], body };
}
