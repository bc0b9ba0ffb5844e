import { EtcdOptionsError, json, type EtcdWatchAction } from '../client/index.js';
import { normalizeKey } from '../client/http/key-path.js';
import { checkMethod } from '../client/keys/check-options.js';
import { checkInteger, checkNames, checkText, show } from '../client/options/check.js';
import { checkWatchOptions } from '../client/watch/index.js';
import type { EtcdWatchHandlerOptions, EtcdWatchKey } from '../interfaces/index.js';
import type { WatchDecoding, WatchDefinition } from './watch-definition.js';

const names = new Set([
  'recursive', 'initial', 'buffer', 'actions', 'connection', 'inject', 'concurrency', 'codec', 'schema',
]); // prettier-ignore

/** Each one of the client's, which the compiler sees to. */
const actions: Readonly<Record<EtcdWatchAction, true>> = {
  set: true,
  create: true,
  update: true,
  compareAndSwap: true,
  delete: true,
  compareAndDelete: true,
  expire: true,
};

/** Checks the arguments of one `@EtcdWatch`. @throws {EtcdOptionsError} which names the option, the value and the fix */
export function checkWatch(key: EtcdWatchKey, options: EtcdWatchHandlerOptions): WatchDefinition {
  checkNames('options of @EtcdWatch', options, names);
  const { recursive, initial, buffer, connection, concurrency = 1 } = options;
  checkWatchOptions({ recursive, initial, buffer });
  if (connection !== undefined) checkText('connection', connection);
  checkInteger('concurrency', concurrency, 1, 1_000, 'handlers');
  return {
    key: checkKey(key, options.inject),
    inject: options.inject ?? [],
    connection,
    recursive: recursive === true,
    initial: initial === true,
    buffer,
    actions: checkActions(options.actions),
    concurrency,
    decoding: checkDecoding(options),
  };
}

function checkKey(key: unknown, inject: unknown): WatchDefinition['key'] {
  if (typeof key !== 'function') {
    if (inject !== undefined)
      throw new EtcdOptionsError(
        'inject',
        'it is for a key that is a function; leave it out, or give the function',
      );
    return normalizeKey(key as string);
  }
  checkTokens(inject ?? []);
  const given = (inject as readonly unknown[] | undefined)?.length ?? 0;
  if (key.length > given) {
    throw new EtcdOptionsError(
      'inject',
      `the key is a function of ${key.length}, and ${given} are given; name a token for each of its parameters`,
    );
  }
  return key as (...injected: readonly unknown[]) => string;
}

function checkTokens(inject: unknown): void {
  if (!Array.isArray(inject))
    throw new EtcdOptionsError('inject', `expected a list of injection tokens, got ${show(inject)}`);
  for (const token of inject as readonly unknown[]) {
    if (typeof token === 'function' || typeof token === 'symbol' || (typeof token === 'string' && token))
      continue;
    const hint = token === undefined ? '; do two files import each other?' : '';
    throw new EtcdOptionsError('inject', `expected a class, a text or a symbol, got ${show(token)}${hint}`);
  }
}

function checkActions(chosen: unknown): ReadonlySet<string> | undefined {
  if (chosen === undefined) return undefined;
  const known = `some of ${Object.keys(actions).join(', ')}`;
  if (!Array.isArray(chosen) || chosen.length === 0) {
    const got = Array.isArray(chosen) ? 'an empty list' : show(chosen);
    throw new EtcdOptionsError('actions', `expected ${known}, got ${got}; leave it out for all`);
  }
  for (const action of chosen as readonly unknown[]) {
    if (typeof action === 'string' && Object.hasOwn(actions, action)) continue;
    const hint = action === 'resync' ? '; it reaches the handler always' : '';
    throw new EtcdOptionsError('actions', `expected ${known}, got ${show(action)}${hint}`);
  }
  return new Set(chosen as readonly string[]);
}

function checkDecoding({ codec, schema }: EtcdWatchHandlerOptions): WatchDecoding | undefined {
  if (codec !== undefined) checkMethod('codec', codec, 'decode');
  if (schema !== undefined)
    checkMethod('schema', (schema as Partial<typeof schema> | null)?.['~standard'], 'validate');
  if (codec === undefined && schema === undefined) return undefined;
  return { codec: codec ?? json, schema };
}
