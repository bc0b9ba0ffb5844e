import { type EtcdClient } from 'nestjs-etcd/client';

/** What must not be seen anywhere but in results: in no error, log line or URL. */
export const secrets = {
  value: 'canary-Value/7',
  password: 'canary Password:9',
  newPassword: 'canary-New-Password',
};

/** One call of the client, and an answer to it as etcd gives it. */
export interface Operation {
  readonly name: string;
  readonly run: (etcd: EtcdClient, uniqueKey: string) => Promise<unknown>;
  /** JSON as etcd writes it, or text. */
  readonly body: string;
  readonly status: number;
  /** Whether it is a write that must reach the server once at most. */
  readonly once: boolean;
}

const node = `{"key":"/a","value":"${secrets.value}","modifiedIndex":7,"createdIndex":6,"ttl":5,"expiration":"2026-11-22T11:43:32Z"}`;
const changed = (action: string) => `{"action":"${action}","node":${node},"prevNode":${node}}\n`;
const listing = `{"action":"get","node":{"key":"/a","dir":true,"nodes":[${node},{"key":"/a/d","dir":true,"modifiedIndex":3,"createdIndex":3,"nodes":[${node}]}],"modifiedIndex":2,"createdIndex":2}}`;
const member = '{"id":"b3b1b4e9af668fb2","name":"m0","peerURLs":["http://127.0.0.1:1"],"clientURLs":[]}';
const role = '{"role":"r","permissions":{"kv":{"read":["/a/*"],"write":null}}}';
const counters = ['gets', 'sets'].flatMap((name) => [`"${name}Success":1`, `"${name}Fail":2`]);
const more = ['delete', 'update', 'create', 'compareAndSwap', 'compareAndDelete'];
const store = `{${[...counters, ...more.flatMap((name) => [`"${name}Success":1`, `"${name}Fail":2`]), '"expireCount":3', '"watchers":0'].join()}}`;
const self =
  '{"name":"m0","id":"b3","state":"StateLeader","startTime":"2026","leaderInfo":{"leader":"b3","uptime":"4s","startTime":"2026"},"recvAppendRequestCnt":0,"sendAppendRequestCnt":0,"sendPkgRate":1.5}';
const followers =
  '{"leader":"b3","followers":{"c4":{"latency":{"current":1.5,"average":1,"standardDeviation":0,"minimum":1,"maximum":2},"counts":{"fail":0,"success":9}}}}';

const read = (name: string, run: Operation['run'], body: string): Operation => ({
  name,
  run,
  body,
  status: 200,
  once: false,
});
const write = (name: string, run: Operation['run'], body: string, status = 200): Operation => ({
  name,
  run,
  body,
  status,
  once: true,
});

const { value, newPassword } = secrets;

export const operations: readonly Operation[] = [
  read('get', (etcd) => etcd.get('/a'), changed('get')),
  read('get with quorum', (etcd) => etcd.get('/a', { quorum: true }), changed('get')),
  read('get recursive', (etcd) => etcd.get('/a', { recursive: true, sorted: true }), listing),
  read('find', (etcd) => etcd.find('/a'), changed('get')),
  write('set', (etcd) => etcd.set('/a', value, { ttl: 5 }), changed('set')),
  write('set acknowledged', (etcd) => etcd.set('/a', value, { noValueOnSuccess: true }), '{"action":"set"}'),
  write('create', (etcd) => etcd.create('/a', value), changed('create'), 201),
  {
    ...write('create unique', (etcd) => etcd.create('/a', value, { uniqueValue: true }), changed('create')),
    once: false,
  },
  write('update', (etcd) => etcd.update('/a', value), changed('update')),
  write(
    'compareAndSwap',
    (etcd) => etcd.compareAndSwap('/a', value, { prevValue: value }),
    changed('compareAndSwap'),
  ),
  write(
    'compareAndDelete',
    (etcd) => etcd.compareAndDelete('/a', { prevValue: value }),
    changed('compareAndDelete'),
  ),
  write('append', (etcd) => etcd.append('/a', value), changed('create'), 201),
  write('delete', (etcd) => etcd.delete('/a', { recursive: true }), changed('delete')),
  write(
    'mkdir',
    (etcd) => etcd.mkdir('/a'),
    '{"action":"create","node":{"key":"/a","dir":true,"modifiedIndex":7,"createdIndex":7}}',
    201,
  ),
  write('refresh', (etcd) => etcd.refresh('/a', 5, { prevValue: value }), changed('update')),
  read('machines', (etcd) => etcd.machines(), 'http://127.0.0.1:1, http://127.0.0.1:2'),
  read('version', (etcd) => etcd.version(), '{"etcdserver":"3.4.23","etcdcluster":"3.4.0"}'),
  read('members', (etcd) => etcd.members.list(), `{"members":[${member}]}`),
  read('leader', (etcd) => etcd.leader(), member),
  write('add a member', (etcd) => etcd.members.add('http://127.0.0.1:1'), member, 201),
  write('remove a member', (etcd) => etcd.members.remove('ab'), '', 204),
  read('health', (etcd) => etcd.health(), '{"health":"true"}'),
  read('stats of the member', (etcd) => etcd.stats.self(), self),
  read('stats of the leader', (etcd) => etcd.stats.leader(), followers),
  read('stats of the store', (etcd) => etcd.stats.store(), store),
  read('auth', (etcd) => etcd.auth.enabled(), '{"enabled":false}'),
  read('users', (etcd) => etcd.users.list(), `{"users":[{"user":"u","roles":[${role}]}]}`),
  read('a role', (etcd) => etcd.roles.get('r'), role),
  write(
    'create a user',
    (etcd) => etcd.users.create('u', newPassword, ['r']),
    '{"user":"u","roles":["r"]}',
    201,
  ),
];
