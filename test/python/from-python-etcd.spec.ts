import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { readMigrationTable } from './migration-table.js';
import { attributeRows } from './rows/attributes.js';
import { authRows } from './rows/auth.js';
import { constructorRows } from './rows/constructor.js';
import { errorRows } from './rows/errors.js';
import { lockRows } from './rows/lock.js';
import { methodRows } from './rows/methods.js';
import { resultRows } from './rows/results.js';
import { watchRows } from './rows/watch.js';
import { type RowTest, World } from './world.js';

const rows = readMigrationTable();
const groups = [
  constructorRows,
  attributeRows,
  methodRows,
  watchRows,
  resultRows,
  lockRows,
  authRows,
  errorRows,
];
const tests = new Map<string, RowTest>(groups.flatMap((group) => Object.entries(group)));

describe('docs/from-python-etcd.md', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(async () => world[Symbol.asyncDispose]());

  const names = rows.map(({ name }) => name);

  it('has a test for each row, a row for each test, and no row twice', () => {
    expect(names.toSorted()).toEqual([...tests.keys()].toSorted());
    expect(groups.flatMap((group) => Object.keys(group))).toHaveLength(tests.size);
    expect(names.length).toBeGreaterThan(120);
  });

  it('names a counterpart in every row', () => {
    expect(rows.filter(({ here }) => here === '')).toEqual([]);
  });

  it.each(names)('%s', async (name) => {
    await tests.get(name)?.(world);
    expect.hasAssertions();
  });
});
