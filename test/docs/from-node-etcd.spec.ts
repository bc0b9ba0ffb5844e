import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EtcdClient } from 'nestjs-etcd/client';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';

import { nodeEtcdRows, type World } from './node-etcd-rows.js';

const page = readFileSync(join(process.cwd(), 'docs/from-node-etcd.md'), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  const [, first = '', here = ''] = line.split('|').map((cell) => cell.trim());
  const name = /^`(.+)`$/.exec(first)?.[1];
  return name === undefined ? [] : [{ name, here }];
});

const methods =
  'set setSync get getSync create post del delete delSync mkdir mkdirSync rmdir rmdirSync compareAndSwap testAndSet compareAndDelete testAndDelete raw watch watchIndex watcher machines getHosts leader leaderStats selfStats version token.abort token.cancel token.isAborted token.wasAborted';

describe('docs/from-node-etcd.md', () => {
  let world: World;
  beforeEach(async () => {
    const server = await EmbeddedEtcd.start();
    world = { server, etcd: new EtcdClient({ hosts: server.url }) };
  });
  afterEach(async () => {
    await world.etcd.close();
    await world.server.stop();
  });

  it('has a test for each row, a row for each test, and no row twice', () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(nodeEtcdRows).toSorted());
  });

  it('has every method of node-etcd, and names a counterpart in every row', () => {
    const names = new Set(rows.map(({ name }) => name));
    expect(methods.split(' ').filter((name) => !names.has(name))).toEqual([]);
    expect(rows.filter(({ here }) => here === '')).toEqual([]);
  });

  it.each(Object.entries(nodeEtcdRows))('%s', async (_, test) => {
    await test(world);
    expect.hasAssertions();
  });
});
