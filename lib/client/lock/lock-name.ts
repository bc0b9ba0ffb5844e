import { createHash } from 'node:crypto';
import { EtcdOptionsError } from '../errors/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import { checkText } from '../options/check.js';

/** What a segment of a key cannot hold, or would be taken for something else. */
const escaped = /[%/]|^\.{1,2}$/g;
/** The same where the key has to be seen in a listing. */
const escapedOrHidden = /[%/]|^\.{1,2}$|^_/g;
/** Longer names, in bytes as they are sent, would not leave room for the rest of a request line. */
const longest = 1_500;

/**
 * The key of a name below a prefix. The name is one segment, in which `%` and `/` are percent-encoded (and the dots of `.` and
 * `..`), so that no two names share a key or lie in each other's; of a very long name, it is the hash.
 *
 * @throws {EtcdOptionsError}
 */
export function keyOf(prefix: EtcdKey, name: string, option = 'name', special = escaped): string {
  checkText(option, name);
  const root = normalizePrefix(prefix);
  const segment = name.replaceAll(special, encodeAll);
  return `${root === '/' ? '' : root}/${isLong(segment, option) ? hashOf(name) : segment}`;
}

/** The same for a key that is to be seen in a listing, which leaves out what begins with `_`. */
export function listedKeyOf(prefix: EtcdKey, name: string, option: string): string {
  return keyOf(prefix, name, option, escapedOrHidden);
}

/** The prefix as it stands before a name. @throws {EtcdOptionsError} */
export function normalizePrefix(prefix: EtcdKey): string {
  try {
    return normalizeKey(prefix);
  } catch (error) {
    if (!(error instanceof EtcdOptionsError)) throw error;
    throw new EtcdOptionsError('prefix', error.message.replace(`\`${error.option}\`: `, ''));
  }
}

function encodeAll(part: string): string {
  return Array.from(part, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join('');
}

function isLong(segment: string, option: string): boolean {
  try {
    return encodeURIComponent(segment).length > longest;
  } catch {
    throw new EtcdOptionsError(option, 'it holds half a surrogate pair, which is no text that can be sent');
  }
}

/** No escaped name begins like that. */
function hashOf(name: string): string {
  return `%sha256-${createHash('sha256').update(name).digest('hex')}`;
}

/**
 * The fencing token of an entry: the number that its name is. It is the store index of its creation, and unlike `createdIndex` it
 * stays when python-etcd renews the entry by writing it anew, in its old place in the queue.
 */
export function tokenOf({
  key,
  createdIndex,
}: {
  readonly key: string;
  readonly createdIndex: number;
}): number {
  const name = key.slice(key.lastIndexOf('/') + 1);
  return inOrder.test(name) ? Number(name) : createdIndex;
}

/** As etcd names the entries of a directory. */
const inOrder = /^\d{20}$/;
