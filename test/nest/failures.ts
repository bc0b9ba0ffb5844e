import { EtcdClient } from 'nestjs-etcd';
import type { EtcdMember } from '../support/etcd-member.js';
import { HttpStub, jsonResponse, type StubRequest } from '../support/http-stub.js';
import { freePort } from '../support/wait-for.js';

/** What must never be seen in a response: a value that is stored, a guess at one, and a password. */
export const secrets = ['stored-value', 'guessed-value', 'the-password'] as const;
const [stored, guessed, password] = secrets;

/** An operation that fails, and what an HTTP client is to be told of it. */
export interface Failure {
  readonly code: string;
  readonly status: number;
  /** @default whether the status is 503 */
  readonly retry?: boolean;
  readonly mayHaveBeenApplied?: true;
  run(): Promise<unknown>;
}

const clusterId = 'cdf818194e3a8c32';

/** Answers of etcd and of proxies that a healthy member does not give, by the key that is asked for. */
const answers: Readonly<Record<string, string>> = {
  '/v2/keys/raft': jsonResponse(500, { errorCode: 300, message: 'Raft Internal Error', cause: 'no leader' }),
  '/v2/keys/cleared': jsonResponse(400, {
    errorCode: 401,
    message: 'The event is outdated',
    cause: 'cleared',
  }),
  '/v2/keys/invalid': jsonResponse(400, { errorCode: 209, message: 'Invalid field', cause: 'invalid value' }),
  '/v2/keys/user': jsonResponse(401, { errorCode: 110, message: 'The request requires user authentication' }),
  '/v2/keys/redirect': jsonResponse(307, {}, { Location: 'http://decoy.test:2379/v2/keys/redirect' }),
  '/v2/keys/other': jsonResponse(418, { message: 'another server' }),
  '/v2/keys/server': 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops',
  '/v2/keys/response': 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{"a"',
  '/v2/keys/large': jsonResponse(200, { action: 'get', node: { key: '/large', value: 'x'.repeat(5_000) } }),
  '/v2/keys/disabled': 'HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n404 page not found',
  '/v2/members/leader': jsonResponse(503, { message: 'During election' }),
  '/v2/members/1': jsonResponse(404, { message: 'No such member' }),
  '/v2/members': jsonResponse(200, { members: [] }, { 'X-Etcd-Cluster-Id': clusterId }),
  '/v2/auth/roles/root': jsonResponse(403, { message: 'auth: Cannot modify role root: is immutable.' }),
};

function answer({ method, path }: StubRequest): string {
  if (method === 'POST') return jsonResponse(409, { message: 'Peer URL already exists' });
  return answers[path.split('?', 1)[0] as string] ?? jsonResponse(500, { message: `no answer for ${path}` });
}

/** Every way in which a call can fail, by a client that is asked to fail so. `member` stands behind a proxy. */
export async function failures(member: EtcdMember): Promise<{ all: Failure[]; end: () => Promise<void> }> {
  const stub = await HttpStub.start(answer);
  const clients: EtcdClient[] = [];
  const client = (options: ConstructorParameters<typeof EtcdClient>[0]) => {
    const made = new EtcdClient({ timeout: 5_000, ...options });
    clients.push(made);
    return made;
  };

  const real = client({ hosts: member.directUrl, sync: false });
  const proxied = client({ hosts: member.url, sync: false });
  const faulty = client({ hosts: stub.url, timeout: 1_500, sync: false, auth: { username: 'u', password } });
  const small = client({ hosts: stub.url, sync: false, maxResponseBytes: 1_000 });
  const elsewhere = client({ hosts: member.directUrl, sync: false, clusterId: 'dead' });
  const dead = client({ hosts: `127.0.0.1:${await freePort()}`, timeout: 1_500 });
  const undiscovered = client({ srv: { domain: 'etcd.test', servers: ['127.0.0.1:1'] } });
  const closed = client({ hosts: member.url });
  await closed.close();
  await real.set('/file', stored);
  await real.set('/directory/file', stored);

  const lostAnswer = async () => {
    await proxied.version();
    member.proxy?.cutAfter(0);
    try {
      await proxied.set('/lost', stored);
    } finally {
      member.proxy?.cutAfter(undefined);
    }
  };
  const silence = async () => {
    await proxied.version();
    member.proxy?.blackHole(true);
    try {
      await proxied.get('/file', { timeout: 300 });
    } finally {
      member.proxy?.blackHole(false);
    }
  };

  const all: Failure[] = [
    { code: 'ETCD_KEY_NOT_FOUND', status: 404, run: () => real.get('/none') },
    { code: 'ETCD_NOT_FOUND', status: 404, run: () => faulty.members.remove('1') },
    { code: 'ETCD_KEY_EXISTS', status: 409, run: () => real.create('/file', guessed) },
    { code: 'ETCD_NOT_FILE', status: 409, run: () => real.set('/directory', guessed) },
    { code: 'ETCD_NOT_DIRECTORY', status: 409, run: () => real.set('/file/below', guessed) },
    { code: 'ETCD_DIRECTORY_NOT_EMPTY', status: 409, run: () => real.rmdir('/directory') },
    { code: 'ETCD_CONFLICT', status: 409, run: () => faulty.members.add('http://peer.test:2380') },
    {
      code: 'ETCD_COMPARE_FAILED',
      status: 412,
      run: () => real.compareAndSwap('/file', 'new', { prevValue: guessed }),
    },
    { code: 'ETCD_ROOT_READ_ONLY', status: 403, run: () => real.set('/', guessed) },
    { code: 'ETCD_INVALID_KEY', status: 400, run: () => real.get('/a/../b') },

    { code: 'ETCD_CONNECTION', status: 503, run: () => dead.get('/file') },
    { code: 'ETCD_DISCOVERY', status: 503, run: () => undiscovered.get('/file') },
    { code: 'ETCD_TIMEOUT', status: 503, run: silence },
    { code: 'ETCD_ABORTED', status: 503, run: () => real.get('/file', { signal: AbortSignal.abort() }) },
    { code: 'ETCD_RAFT', status: 503, run: () => faulty.get('/raft') },
    { code: 'ETCD_ELECTION_IN_PROGRESS', status: 503, run: () => faulty.leader() },
    { code: 'ETCD_INDETERMINATE', status: 503, mayHaveBeenApplied: true, retry: false, run: lostAnswer },
    { code: 'ETCD_CLOSED', status: 503, run: () => closed.get('/file') },
    { code: 'ETCD_CLUSTER_ID_CHANGED', status: 503, run: () => elsewhere.get('/file') },
    { code: 'ETCD_SERVER', status: 503, run: () => faulty.get('/server') },

    { code: 'ETCD_OPTIONS', status: 500, run: () => real.get('/file', { timeout: -1 }) },
    { code: 'ETCD_UNAUTHORIZED', status: 500, run: () => faulty.get('/user') },
    { code: 'ETCD_FORBIDDEN', status: 403, run: () => faulty.roles.delete('root') },
    { code: 'ETCD_DECODE', status: 500, run: () => real.json('/file') },
    { code: 'ETCD_RESPONSE', status: 500, run: () => faulty.get('/response') },
    { code: 'ETCD_RESPONSE_TOO_LARGE', status: 500, run: () => small.get('/large') },
    { code: 'ETCD_REDIRECT', status: 500, run: () => faulty.get('/redirect') },
    { code: 'ETCD_V2_NOT_ENABLED', status: 500, run: () => faulty.get('/disabled') },
    { code: 'ETCD_INVALID_REQUEST', status: 500, run: () => faulty.get('/invalid') },
    { code: 'ETCD_EVENT_INDEX_CLEARED', status: 500, run: () => faulty.get('/cleared') },
  ];
  const end = async () => {
    await Promise.all(clients.map((made) => made.close()));
    await stub.stop();
  };
  return { all, end };
}
