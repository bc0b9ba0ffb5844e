import { KeysError } from '../store/index.js';
import type { Form } from './form.js';

/** The parameters of a request for a key, which have passed etcd's checks. */
export interface KeysParameters {
  readonly value: string;
  /** Empty for "not compared". */
  readonly prevValue: string;
  /** 0 for "not compared". */
  readonly prevIndex: bigint;
  readonly prevExist: boolean | undefined;
  /** In seconds. */
  readonly ttl: bigint | undefined;
  readonly refresh: boolean;
  readonly dir: boolean;
  readonly recursive: boolean;
  readonly sorted: boolean;
  readonly quorum: boolean;
  readonly wait: boolean;
  readonly waitIndex: number;
  readonly stream: boolean;
  readonly noValueOnSuccess: boolean;
}

/** Most reads have no parameters. */
const none: KeysParameters = {
  value: '',
  prevValue: '',
  prevIndex: 0n,
  prevExist: undefined,
  ttl: undefined,
  refresh: false,
  dir: false,
  recursive: false,
  sorted: false,
  quorum: false,
  wait: false,
  waitIndex: 0,
  stream: false,
  noValueOnSuccess: false,
};

/** Checks the parameters in etcd's order, which decides which mistake is told (protocol page, 2.2). */
export function parseParameters(form: Form, method: string): KeysParameters {
  if (form.size === 0) return none;
  const prevIndex = integer(form, 'prevIndex', 203) ?? 0n;
  const waitIndex = Number(integer(form, 'waitIndex', 203) ?? 0n);
  const flag = (name: string): boolean => boolean(form, name) ?? false;
  const recursive = flag('recursive');
  const sorted = flag('sorted');
  const wait = flag('wait');
  const dir = flag('dir');
  const quorum = flag('quorum');
  const stream = flag('stream');
  if (wait && method !== 'GET') throw new KeysError(209, '"wait" can only be used with GET requests');
  const prevValue = form.get('prevValue');
  if (prevValue === '') throw new KeysError(201, '"prevValue" cannot be empty');
  const noValueOnSuccess = flag('noValueOnSuccess');
  const ttl = form.get('ttl') ? integer(form, 'ttl', 202) : undefined;
  const prevExist = boolean(form, 'prevExist', false);
  const refresh = boolean(form, 'refresh', false) ?? false;
  const value = form.get('value') ?? '';
  if (refresh && value !== '') throw new KeysError(211, 'A value was provided on a refresh');
  if (refresh && ttl === undefined) throw new KeysError(212, 'No TTL value set');
  return {
    value,
    prevValue: prevValue ?? '',
    prevIndex,
    prevExist,
    ttl,
    refresh,
    dir,
    recursive,
    sorted,
    quorum,
    wait,
    waitIndex,
    stream,
    noValueOnSuccess,
  };
}

const largest = 2n ** 64n - 1n;

function integer(form: Form, name: string, errorCode: 202 | 203): bigint | undefined {
  const text = form.get(name);
  if (text === undefined) return undefined;
  // No more digits than it can have, because numbers of megabytes take long to read.
  const digits = /^0*([0-9]{1,20})$/.exec(text)?.[1];
  const number = digits === undefined ? undefined : BigInt(digits);
  if (number === undefined || number > largest) throw new KeysError(errorCode, `invalid value for "${name}"`);
  return number;
}

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const untruths = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** @param quoted whether the answer puts the name in quotes */
function boolean(form: Form, name: string, quoted = true): boolean | undefined {
  const text = form.get(name);
  if (text === undefined) return undefined;
  if (truths.has(text)) return true;
  if (untruths.has(text)) return false;
  throw new KeysError(209, `invalid value for ${quoted ? `"${name}"` : name}`);
}
