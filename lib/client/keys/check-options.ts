import { EtcdOptionsError } from '../errors/index.js';
import {
  checkBoolean,
  checkInteger,
  checkMilliseconds,
  checkNames,
  checkSignal,
  checkText,
  show,
  showType,
} from '../options/check.js';
import type { EtcdCallOptions } from '../options/index.js';

/** etcd takes far longer times for points in the past, and wraps above 7.43e9. */
const longestTtl = 1_000_000_000;

/** A member that holds a value of about 10 MiB does not start again; the form has its limit there too. */
const longestValue = 8 * 1024 * 1024;

const call = ['signal', 'timeout'] as const;
const write = [...call, 'ttl', 'noValueOnSuccess'] as const;

/** The names that each operation knows; any other is refused, so that a misspelt condition is never left out. */
const names = {
  call: new Set(call),
  get: new Set([...call, 'recursive', 'sorted', 'quorum']),
  json: new Set([...call, 'schema', 'quorum']),
  set: new Set([...write, 'idempotent']),
  create: new Set([...write, 'uniqueValue']),
  append: new Set([...write, 'uniqueValue']),
  update: new Set([...write, 'idempotent']),
  updateFrom: new Set([...write, 'uniqueValue']),
  compareAndSwap: new Set([...write, 'uniqueValue', 'prevValue', 'prevIndex']),
  compareAndDelete: new Set([...call, 'prevValue', 'prevIndex']),
  modify: new Set([...call, 'ttl', 'uniqueValue']),
  mkdir: new Set([...call, 'ttl', 'inOrder', 'replaceFile']),
  updateDirectory: new Set([...call, 'ttl', 'idempotent']),
  delete: new Set([...call, 'recursive', 'dir', 'idempotent']),
  refresh: new Set([...call, 'prevValue', 'prevIndex', 'idempotent']),
} satisfies Record<string, ReadonlySet<string>>;

const booleans = [
  'recursive',
  'sorted',
  'quorum',
  'noValueOnSuccess',
  'idempotent',
  'uniqueValue',
  'inOrder',
  'replaceFile',
  'dir',
] as const;

type Checked = EtcdCallOptions &
  Partial<Record<(typeof booleans)[number] | 'ttl' | 'prevValue' | 'prevIndex', unknown>>;

/** Checks the options of one operation. @throws {EtcdOptionsError} before anything is sent */
export function checkOptions(operation: keyof typeof names, options: object): void {
  for (const _ in options) return checkGiven(operation, options);
  if (typeof options !== 'object' || options === null)
    checkNames(`options of ${operation}`, options, names[operation]);
}

function checkGiven(operation: keyof typeof names, options: Checked): void {
  checkNames(`options of ${operation}`, options, names[operation]);
  for (const name of booleans) checkBoolean(name, options[name]);
  if (options.timeout !== undefined) checkMilliseconds('timeout', options.timeout);
  checkSignal(options.signal);
  if (options.ttl !== undefined && options.ttl !== null) checkTtl(options.ttl);
  if (options.ttl === null && operation !== 'updateFrom' && operation !== 'modify') {
    throw new EtcdOptionsError(
      'ttl',
      'expected a whole number of seconds, got null; leave it out for a permanent key',
    );
  }
  // One that is given as undefined was meant as a condition: without it the write would be unconditional.
  if ('prevIndex' in options) checkIndex('prevIndex', options.prevIndex);
  if ('prevValue' in options) checkPrevValue(options.prevValue);
}

export function checkTtl(ttl: unknown): asserts ttl is number {
  checkInteger('ttl', ttl, 0, longestTtl, 'seconds');
}

/** etcd ignores a comparison with index 0, and the write would be unconditional. */
export function checkIndex(option: string, index: unknown): void {
  checkInteger(option, index, 1, Number.MAX_SAFE_INTEGER, 'store indexes');
}

function checkPrevValue(value: unknown): void {
  if (value === '')
    throw new EtcdOptionsError('prevValue', "etcd v2 cannot compare with ''; compare `prevIndex` instead");
  checkText('prevValue', value, showType);
}

/** A compare without a condition would be unconditional. */
export function checkCondition(options: { prevValue?: unknown; prevIndex?: unknown } | undefined): void {
  if (options?.prevValue === undefined && options?.prevIndex === undefined) {
    throw new EtcdOptionsError('prevValue', 'a comparison needs `prevValue` or `prevIndex`, got neither');
  }
}

export function checkValue(value: unknown): string {
  if (typeof value !== 'string') {
    throw new EtcdOptionsError(
      'value',
      `expected a text, got ${showType(value)}; encode it, e.g. with the codec \`json\` or \`base64\``,
    );
  }
  if (value.length > longestValue / 3 && Buffer.byteLength(value) > longestValue) {
    throw new EtcdOptionsError(
      'value',
      `it has ${Buffer.byteLength(value)} bytes; etcd v2 does not survive values near 10 MiB, so that ${longestValue} are the limit`,
    );
  }
  return value;
}

/** Refuses what has no such method: a codec or a schema that is none. */
export function checkMethod(option: string, value: unknown, method: string): void {
  const has = (typeof value === 'object' || typeof value === 'function') && value !== null && method in value;
  if (!has) throw new EtcdOptionsError(option, `expected a ${option} with \`${method}\`, got ${show(value)}`);
}
