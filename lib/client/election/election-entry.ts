import { randomUUID } from 'node:crypto';
import type { EtcdNode } from '../keys/index.js';
import { tokenOf } from '../lock/lock-name.js';

/** Somebody who leads, or would. */
export interface EtcdCandidate {
  /** The entry, such as `/_elections/NAME/00000000000000000042`. */
  readonly key: string;
  /** What the candidate says of itself. */
  readonly value: string;
  /** Grows with each leader: the store index of the entry. */
  readonly term: number;
}

/** An entry's value is JSON: what the candidate says, and an id that makes it one that nobody else writes. */
export function encodeEntry(value: string): string {
  return JSON.stringify({ id: randomUUID(), value });
}

/** What another client has written in another form stands for itself. */
export function readCandidate(node: EtcdNode): EtcdCandidate {
  return { key: node.key, value: decodeEntry(node.value ?? ''), term: tokenOf(node) };
}

function decodeEntry(text: string): string {
  try {
    const entry: unknown = JSON.parse(text);
    if (typeof entry === 'object' && entry !== null && 'value' in entry && typeof entry.value === 'string')
      return entry.value;
  } catch {
    // No JSON.
  }
  return text;
}
