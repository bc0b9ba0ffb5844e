import { randomUUID } from 'node:crypto';
import { EtcdOptionsError } from '../errors/index.js';
import { checkNames, checkText, show } from '../options/check.js';

/** One running instance of a service. */
export interface EtcdInstance {
  /** Tells it from the other instances of the service. */
  readonly id: string;
  /** Where it can be reached. */
  readonly url: string;
  /** Whatever else it says of itself, as JSON. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** An instance to be registered. */
export interface EtcdInstanceOptions extends Omit<EtcdInstance, 'id'> {
  /** @default a new uuid */
  readonly id?: string;
}

const names = new Set(['id', 'url', 'metadata']);

/** @throws {EtcdOptionsError} */
export function checkInstance(instance: EtcdInstanceOptions): EtcdInstance {
  checkNames('instance', instance, names);
  const { id = randomUUID(), url, metadata } = instance;
  checkText('id', id);
  checkText('url', url);
  if (metadata === undefined) return { id, url };
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new EtcdOptionsError('metadata', `expected an object, got ${show(metadata)}`);
  return { id, url, metadata };
}

/** What is written of an instance: itself, and the id of the lease, by which nobody else writes the same. */
export function encodeInstance(instance: EtcdInstance, lease: string): string {
  return JSON.stringify({ ...instance, lease });
}

/** @returns `undefined` for what is no instance */
export function decodeInstance(text: string): EtcdInstance | undefined {
  try {
    const { id, url, metadata } = JSON.parse(text) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof url !== 'string') return undefined;
    const isObject = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
    return isObject ? { id, url, metadata: metadata as Record<string, unknown> } : { id, url };
  } catch {
    return undefined;
  }
}
