import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { installDebianPackage } from '../support/debian-package.js';
import { EtcdMember } from '../support/etcd-member.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';

const env = { ...process.env, ETCDCTL_API: '2' };
const hasEtcdctl = () => spawnSync('etcdctl', ['--version'], { env }).status === 0;
const problem = hasEtcdctl() ? undefined : installDebianPackage('etcd-client');
const missing = hasEtcdctl() ? undefined : `no etcdctl: ${problem ?? 'it is not on the PATH'}`;
if (missing !== undefined) process.stderr.write(`The tests with etcdctl are skipped: ${missing}\n`);

/** The command line of etcdctl's API 2. */
const options = (url: string, command: string) =>
  [['--endpoints', url, ...command.split(' ')], { env, timeout: 10_000 }] as const;

/** In this order. What it prints of a listing that is not sorted is in any order, so that it is asked to sort. */
const keys = `ls
set /a 1
get /a
mk /b 2
mk /b 3
mkdir /d
mkdir /d
mkdir /d/e
setdir /d2
updatedir /d --ttl 100
update /a 5
update /none 5
set /a 6 --swap-with-value 5
set /a 6 --swap-with-value 5
set /a 7 --swap-with-index 11
set /t x --ttl 50
-o extended get /a
-o json get /a
-o extended set /a 9
ls --sort -p -r /
ls /none
get /none
get /d
get --quorum /a
rm /a --with-value 1
rm /a
rm /a
rm /d
rmdir /d/e
rm --dir /d
rm --recursive /d2
member list
cluster-health`;
const users = `user add root:secret
user list
user get root
role add r
role grant r --path /x/* --readwrite
role get r
role list
user add u:pw
user grant u --roles r
user get u
auth enable
-u root:secret ls --sort
-u u:pw set /x/1 v
-u u:pw set /y v
-u root:secret role revoke guest --path /* --readwrite
get /x/1
-u root:secret user revoke u --roles r
-u root:secret user remove u
-u root:secret role remove r
-u root:secret auth disable`;

const maybe = missing === undefined ? describe : describe.skip;

maybe('etcdctl', () => {
  let server: EmbeddedEtcd;
  let member: EtcdMember;
  beforeAll(async () => {
    [server, member] = await Promise.all([EmbeddedEtcd.start(), EtcdMember.start({ name: 'default' })]);
  });
  afterAll(() => Promise.all([server.stop(), member.stop()]));

  /** What it prints, and how it ends. */
  async function run(url: string, command: string): Promise<string> {
    const shown = await promisify(execFile)('etcdctl', ...options(url, command)).then(
      ({ stdout, stderr }) => `${command}\n${stdout}${stderr}`,
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) =>
        `${command}\n${stdout}${stderr}code ${code}`,
    );
    return shown.replace(/\b[0-9a-f]{12,16}\b/g, 'ID').replace(/http:\/\/127\.0\.0\.1:\d+/g, 'URL');
  }

  it.each([
    ['keys', keys],
    ['users and roles', users],
  ])('prints the same as with a real etcd: %s', async (_, commands) => {
    for (const command of commands.split('\n')) {
      const [wanted, got] = await Promise.all([run(member.url, command), run(server.url, command)]);
      expect(got).toBe(wanted);
    }
  });

  it.each([
    ['watch /w/k', 'v1\n'],
    ['watch --recursive --forever /w', '[set] /w/k\nv1\n'],
    ['exec-watch --recursive /w -- printenv ETCD_WATCH_VALUE', 'v1\n'],
    ['exec-watch --recursive /w -- printenv ETCD_WATCH_KEY', '/w/k\n'],
  ])('follows changes: %s', async (command, printed) => {
    const [args] = options(server.url, command);
    const child = spawn('etcdctl', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'close');
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const isWatched = async () =>
      (await rawRequest(`${server.url}/v2/stats/store`)).body.includes('"watchers":1');
    await waitFor(isWatched, { what: 'the watch' });
    await rawRequest(`${server.url}/v2/keys/w/k`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'value=v1',
    });
    await waitFor(() => output.includes(printed), { what: printed });
    child.kill();
    await ended;
    await waitFor(async () => !(await isWatched()), { what: 'the end of the watch' });
    expect(output).toContain(printed);
  });
});
