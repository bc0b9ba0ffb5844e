import { EtcdInvalidKeyError } from '../errors/index.js';
import { show } from '../options/check.js';

/** A key: a path such as `/a/b` (the first slash may be left out), or its segments such as `['a', 'b']`. */
export type EtcdKey = string | readonly string[];

/**
 * etcd resets a fresh plain-text connection whose first line is longer than about 4,090 bytes, and takes the same
 * line on a used one. Longer lines are refused here, so that they never look like an unreliable network.
 */
const longestRequestLine = 4_000;

/** Text that needs neither checks nor encoding: most keys. */
const plain = /^(?:\/[\w~-][\w~.-]*)+$/;

/**
 * etcd takes a plain set of such a key for its own bookkeeping, and panics for good when the id is unknown. Its own
 * pattern has no end either: `/0/members/ab/attributes.old` kills it as well.
 */
const memberAttributes = /\/0\/members\/[0-9a-fA-F]{1,16}\/attributes/;

/** The key in its one spelling: `/a/b`, or `/` for the root. */
export function normalizeKey(key: EtcdKey): string {
  if (typeof key === 'string') {
    if (plain.test(key)) return key;
    if (key === '') throw new EtcdInvalidKeyError('key', "it is empty; the root is '/'");
    const path = key.startsWith('/') ? key : `/${key}`;
    if (path === '/') return path;
    const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
    for (const segment of trimmed.slice(1).split('/')) checkSegment(segment, key);
    return trimmed;
  }
  if (!Array.isArray(key))
    throw new EtcdInvalidKeyError('key', `expected a path or its segments, got ${show(key)}`);
  for (const segment of key as readonly unknown[]) {
    if (typeof segment !== 'string')
      throw new EtcdInvalidKeyError('key', `expected segments of text, got ${show(segment)}`);
    if (segment.includes('/')) {
      throw new EtcdInvalidKeyError(
        'key',
        `the segment ${show(segment)} holds a slash, which etcd v2 takes for a separator`,
      );
    }
    checkSegment(segment, key as readonly string[]);
  }
  return `/${key.join('/')}`;
}

/** The percent-encoded path of a normalized key below `/v2/keys`. */
export function encodeKey(key: string): string {
  if (plain.test(key)) return key;
  try {
    return key.split('/').map(encodeURIComponent).join('/');
  } catch {
    throw new EtcdInvalidKeyError(
      'key',
      `${show(key)} holds half a surrogate pair, which is no text that can be sent`,
    );
  }
}

/** Refuses a plain set that would destroy the server; every other operation on such keys is harmless. */
export function checkPlainSet(key: string): void {
  if (memberAttributes.test(key)) {
    throw new EtcdInvalidKeyError(
      'key',
      `a plain set of ${show(key)} makes etcd v2 panic, again on every restart; use \`create\` or \`update\`, or another name`,
    );
  }
}

/** Refuses a request line that etcd may reset without an answer. `path` is the encoded path with its query. */
export function checkRequestLine(method: string, path: string): void {
  const length = method.length + ' '.length + path.length + ' HTTP/1.1'.length;
  if (length > longestRequestLine) {
    throw new EtcdInvalidKeyError(
      'key',
      `its request line has ${length} bytes, and etcd v2 reads at most ${longestRequestLine}; shorten the key or what it is compared with`,
    );
  }
}

function checkSegment(segment: string, key: EtcdKey): void {
  if (segment === '')
    throw new EtcdInvalidKeyError('key', `${show(key)} has an empty segment, which etcd v2 cannot hold`);
  if (segment === '.' || segment === '..') {
    throw new EtcdInvalidKeyError(
      'key',
      `${show(key)} has the segment ${show(segment)}, which etcd v2 resolves and cannot hold`,
    );
  }
}
