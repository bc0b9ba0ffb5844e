import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';

import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { readMigrationTable } from './migration-table.js';
import { findPythonEtcd, type RunPython } from './python-etcd.js';

const found = findPythonEtcd();

const texts = [
  'plain',
  'with spaces and + and %41',
  'ünïcödé 日本 😀',
  '',
  '{"a": [1, null]}',
  'line\nline\ttab',
  'a=b&c;d#e?f',
];
/** What python-etcd sends as it is: it does not encode keys, and mangles others. */
const keys = ['/py/plain', '/py/with space', '/py/ünïcödé/日本', '/py/😀', '/py/deep/er/still'];

function interoperates(run: RunPython): void {
  let member: EtcdMember;
  let etcd: EtcdClient;
  beforeAll(async () => {
    member = await EtcdMember.start();
    etcd = new EtcdClient({ hosts: member.url, tryTimeout: 5_000 });
  });
  afterAll(async () => {
    await etcd.close();
    await member.stop();
  });
  const python = (program: string) => run(member.url, program);
  /** A value as Python writes it: JSON's texts, lists and objects are Python's too. */
  const literal = (value: unknown) => `json.loads(${JSON.stringify(JSON.stringify(value))})`;

  it('reads what python-etcd has written, under every key and with every text', async () => {
    await python(`
for i, text in enumerate(${literal(texts)}): client.write('/texts/%d' % i, text)
for key in ${literal(keys)}: client.write(key, 'value of ' + key)
answer = None`);
    for (const [i, text] of texts.entries()) expect((await etcd.get(`/texts/${i}`)).node.value).toBe(text);
    for (const key of keys)
      expect((await etcd.get(key)).node).toMatchObject({ key, value: `value of ${key}` });
  });

  it('writes what python-etcd reads, under every key and with every text', async () => {
    for (const [i, text] of texts.entries()) await etcd.set(`/back/${i}`, text);
    for (const key of keys) await etcd.set(`/back${key}`, key);
    const read = await python(`
read = lambda key: client.read('/back' + key)
answer = {'texts': [read('/%d' % i).value for i in range(${texts.length})],
          'keys': [[r.key, r.value] for r in map(read, ${literal(keys)})]}`);
    expect(read).toEqual({ texts, keys: keys.map((key) => [`/back${key}`, key]) });
  });

  it('shares directories: made there and filled here, and listed alike by both', async () => {
    await python(`answer = client.write('/dirs/empty', None, dir=True).dir`);
    await etcd.mkdir('/dirs/full');
    await etcd.set('/dirs/full/a', '1');
    await python(`client.write('/dirs/full/b', 2); answer = None`);
    const mine = Array.from(
      (await etcd.get('/dirs', { recursive: true, sorted: true })).node.subtree(),
      ({ key, dir }) => [key, dir],
    );
    expect(
      await python(
        `answer = [[r.key, r.dir] for r in client.read('/dirs', recursive=True, sorted=True).get_subtree()]`,
      ),
    ).toEqual(mine);
    expect(mine).toHaveLength(5);
    await python(`client.delete('/dirs', recursive=True); answer = None`);
    expect(await etcd.exists('/dirs')).toBe(false);
  });

  it('shares times to live: refreshed by the other, and expired for both', async () => {
    await python(
      `client.write('/ttl/python', 'v', ttl=100); client.write('/ttl/short', 'v', ttl=1); answer = None`,
    );
    expect((await etcd.get('/ttl/python')).node.ttl).toBeGreaterThan(90);
    await etcd.refresh('/ttl/python', 1_000);
    await etcd.set('/ttl/node', 'v', { ttl: 100 });
    expect(
      await python(`
client.refresh('/ttl/node', 2000)
answer = [client.read('/ttl/python').ttl > 900, client.read('/ttl/python').value]`),
    ).toEqual([true, 'v']);
    expect((await etcd.get('/ttl/node')).node.ttl).toBeGreaterThan(1_900);
    await waitFor(async () => !(await etcd.exists('/ttl/short')), { what: 'the expiry' });
    expect(await python(`answer = '/ttl/short' in client`)).toBe(false);
  });

  it('shares a queue of in-order keys', async () => {
    await python(`client.write('/queue', 'first', append=True); answer = None`);
    await etcd.append('/queue', 'second');
    await python(`client.write('/queue', 'third', append=True); answer = None`);
    const { node } = await etcd.get('/queue', { sorted: true });
    expect(node.children.map(({ value }) => value)).toEqual(['first', 'second', 'third']);
    expect(await python(`answer = [c.value for c in client.read('/queue', sorted=True).children]`)).toEqual([
      'first',
      'second',
      'third',
    ]);
  });

  it('excludes each other by compare-and-swap', async () => {
    const { etcdIndex } = await etcd.set('/cas', 'node');
    await python(`client.write('/cas', 'python', prevIndex=${etcdIndex}); answer = None`);
    await expect(etcd.compareAndSwap('/cas', 'late', { prevIndex: etcdIndex })).rejects.toMatchObject({
      errorCode: 101,
    });
    await etcd.compareAndSwap('/cas', 'node again', { prevValue: 'python' });
    expect(
      await python(`
try: client.test_and_set('/cas', 'x', 'python'); answer = 'swapped'
except etcd.EtcdCompareFailed: answer = client.pop('/cas').value`),
    ).toBe('node again');
  });

  it('lets no public name of python-etcd go without a row', async () => {
    const names = (await python(`
import inspect
def parameters(cls): return list(inspect.signature(cls.__init__).parameters)[1:]
def public(cls, *instances):
    return [n for n in set(dir(cls)).union(*[i.__dict__ for i in instances]) if not n.startswith('_')]
answer = ['Client(%s)' % p for p in parameters(etcd.Client)]
answer += ['Client.' + n for n in public(etcd.Client, client)]
answer += ['EtcdResult.' + n for n in public(etcd.EtcdResult, client.read('/'))]
answer += ['Lock.' + n for n in public(etcd.Lock, etcd.Lock(client, 'name'))]
answer += ['Auth.' + n for n in public(etcd.auth.Auth)]
answer += ['EtcdUser.' + n for n in public(etcd.auth.EtcdUser, etcd.auth.EtcdUser(client, 'name'))]
answer += ['EtcdRole.' + n for n in public(etcd.auth.EtcdRole, etcd.auth.EtcdRole(client, 'name'))]
answer += [n for n in dir(etcd) if n.startswith('Etcd') and n != 'EtcdResult']`)) as string[];
    expect(names.length).toBeGreaterThan(100);
    const rows = new Set(readMigrationTable().map(({ name }) => name));
    expect(names.filter((name) => !rows.has(name))).toEqual([]);
  });
}

describe('python-etcd on the same cluster', () => {
  if ('run' in found) interoperates(found.run);
  else {
    it(`cannot be tested here: ${found.missing}`, () => {
      process.stderr.write(`python-etcd is not tested: ${found.missing}\n`);
      expect(found.missing).not.toBe('');
    });
  }
});
