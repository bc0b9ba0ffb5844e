import { parseTime, type SnapshotText } from '../store/index.js';
import type { EmbeddedSnapshot } from './replica.js';

/** Looks whether data are a whole snapshot. @throws {TypeError} which names what is wrong */
export function checkSnapshot(data: unknown): EmbeddedSnapshot {
  const { store, auth } = fields('the snapshot', data);
  const { index, nodes } = fields('store', store);
  checkIndex('store.index', index);
  checkNodes('store.nodes', nodes);
  const { enabled, configured, users, roles } = fields('auth', auth);
  if (typeof enabled !== 'boolean' || typeof configured !== 'boolean')
    throw wrong('auth', 'to say whether it is `enabled` and `configured`');
  for (const each of list('auth.users', users)) {
    const { user, password, roles: names } = fields('auth.users', each);
    if (typeof user !== 'string' || typeof password !== 'string')
      throw wrong('auth.users', 'to have names and passwords');
    if (names !== null) list('auth.users.roles', names);
  }
  for (const each of list('auth.roles', roles)) {
    const { role, permissions } = fields('auth.roles', each);
    if (typeof role !== 'string') throw wrong('auth.roles', 'to have names');
    const { read, write } = fields('auth.roles.permissions', permissions);
    for (const side of [read, write]) if (side !== null) list('auth.roles.permissions', side);
  }
  return data as EmbeddedSnapshot;
}

function checkNodes(place: string, nodes: unknown): void {
  const open: [place: string, node: unknown][] = list(place, nodes).map((node) => [place, node]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [where, node] = next;
    const { name, value, nodes: below, createdIndex, modifiedIndex, expiration } = fields(where, node);
    checkText(`${where}.name`, name);
    checkIndex(`${where}.createdIndex`, createdIndex);
    checkIndex(`${where}.modifiedIndex`, modifiedIndex);
    if (expiration !== undefined) parseTime(String(expiration));
    if (below === undefined) checkText(`${where}.value`, value);
    else for (const each of list(`${where}.nodes`, below)) open.push([where, each]);
  }
}

function fields(place: string, data: unknown): Record<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw wrong(place, 'to be an object');
  return data as Record<string, unknown>;
}

function list(place: string, data: unknown): unknown[] {
  if (!Array.isArray(data)) throw wrong(place, 'to be a list');
  return data;
}

function checkIndex(place: string, index: unknown): void {
  if (!Number.isSafeInteger(index) || (index as number) < 0)
    throw wrong(place, 'to be an integer from 0 and up');
}

function checkText(place: string, text: unknown): asserts text is SnapshotText {
  if (typeof text === 'string') return;
  const { base64 } = fields(place, text);
  if (typeof base64 !== 'string') throw wrong(place, 'to be a text, or `{ base64 }`');
}

function wrong(place: string, expected: string): TypeError {
  return new TypeError(
    `Expected ${place === 'the snapshot' ? place : `\`${place}\` of the snapshot`} ${expected}`,
  );
}
