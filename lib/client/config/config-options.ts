import { isAbsolute } from 'node:path';
import { EtcdOptionsError } from '../errors/index.js';
import { normalizeKey, type EtcdKey } from '../http/key-path.js';
import type { EtcdSchema } from '../keys/index.js';
import { checkMethod } from '../keys/check-options.js';
import { checkMilliseconds, checkNames, checkSignal, checkText, show } from '../options/check.js';
import type { EtcdConfigParse } from './parse.js';

/** A configuration without a schema: directories as objects, files as what their text stands for. */
export interface EtcdConfigObject {
  readonly [name: string]: unknown;
}

/** How a subtree is loaded as a configuration. */
export interface EtcdConfigOptions<T = EtcdConfigObject> {
  /**
   * A Standard Schema (zod, valibot, arktype …) for the whole configuration. What it gives is the value. A state that it
   * refuses is kept out as a whole. @default everything is taken
   */
  readonly schema?: EtcdSchema<T>;
  /**
   * What the text of a file stands for. `auto`: `true` and `false`, numbers in the way in which JavaScript writes them, JSON
   * objects and lists, and otherwise the text. `json`: each file is JSON. `text`: each file is text. Or a function of the text
   * and of the key below the prefix: what it returns is copied and frozen, what it throws refuses the state. @default 'auto'
   */
  readonly parse?: EtcdConfigParse;
  /**
   * Environment variables, and the key below the prefix that each one stands for: `{ DB_HOST: '/db/host' }`. A variable that is
   * set, be it empty, wins over etcd for that key and for everything below it, and also for a member of a JSON object that lies
   * above it. They are read once. @default none
   */
  readonly env?: Readonly<Record<string, EtcdKey>>;
  /**
   * Path of a file that keeps the last good state, so that a process can start while etcd is away. Its directory must exist; it
   * holds what etcd holds, passwords too, and only its owner may read it. @default none
   */
  readonly snapshot?: string;
  /** Milliseconds that the first state may take. @default 5000 */
  readonly timeout?: number;
  /** Ends the following, and a first state that is waited for. */
  readonly signal?: AbortSignal;
}

/** A variable that is set. */
export interface SetVariable {
  readonly variable: string;
  readonly text: string;
}

/** Variables that are set, by the keys below the prefix that they stand for. */
export type Environment = ReadonlyMap<string, SetVariable>;

/** The options after the check. */
export interface ResolvedConfigOptions<T> {
  readonly schema: EtcdSchema<T> | undefined;
  readonly parse: EtcdConfigParse;
  /** Variables that are set, by the keys below the prefix that they stand for. */
  readonly env: Environment;
  readonly snapshot: string | undefined;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The names of all options. */
export const configOptionNames: ReadonlySet<string> = new Set([
  'schema', 'parse', 'env', 'snapshot', 'timeout', 'signal',
]); // prettier-ignore
const parses = new Set<unknown>(['auto', 'json', 'text']);

/** Checks the options and fills in the defaults. @throws {EtcdOptionsError} which names the option, the value and the fix */
export function resolveConfigOptions<T>(options: EtcdConfigOptions<T>): ResolvedConfigOptions<T> {
  checkNames('options of config', options, configOptionNames);
  const { schema, parse = 'auto', env = {}, snapshot, timeout = 5_000, signal } = options;
  checkSchemaOption(schema);
  if (typeof parse !== 'function' && !parses.has(parse)) {
    throw new EtcdOptionsError(
      'parse',
      `expected 'auto', 'json', 'text' or a function (text, key) => value, got ${show(parse)}`,
    );
  }
  if (snapshot !== undefined) {
    checkText('snapshot', snapshot);
    if (!isAbsolute(snapshot)) {
      throw new EtcdOptionsError(
        'snapshot',
        `expected an absolute path, got ${show(snapshot)}; where a relative one leads depends on how the process is started`,
      );
    }
  }
  checkMilliseconds('timeout', timeout);
  checkSignal(signal);
  return { schema, parse, env: readEnvironment(env), snapshot, timeout, signal };
}

/** @throws {EtcdOptionsError} for anything but a Standard Schema */
export function checkSchemaOption(schema: unknown): void {
  if (schema === undefined) return;
  const standard = typeof schema === 'object' || typeof schema === 'function' ? schema : undefined;
  checkMethod('schema', standard && Reflect.get(standard, '~standard'), 'validate');
}

function readEnvironment(env: Readonly<Record<string, EtcdKey>>): Environment {
  if (typeof env !== 'object' || env === null || Array.isArray(env)) {
    throw new EtcdOptionsError(
      'env',
      `expected an object of variables and their keys, such as { DB_HOST: '/db/host' }, got ${show(env)}`,
    );
  }
  const values = new Map<string, SetVariable>();
  const owners = new Map<string, string>();
  for (const [variable, key] of Object.entries(env)) {
    const path = normalizeKey(key);
    if (path === '/')
      throw new EtcdOptionsError(
        'env',
        `${variable} stands for the whole configuration; name a key below it`,
      );
    for (const [other, owner] of owners) {
      if (other !== path && !isBelow(other, path) && !isBelow(path, other)) continue;
      throw new EtcdOptionsError(
        'env',
        `${owner} and ${variable} both stand for ${path}; leave one of them out`,
      );
    }
    owners.set(path, variable);
    const text = process.env[variable];
    if (text !== undefined) values.set(path, { variable, text });
  }
  return values;
}

/** Whether the environment says all of what is there: for the key itself, or for one above it. */
export function isOverruled(env: Environment, key: string): boolean {
  for (const own of env.keys()) if (own === key || isBelow(key, own)) return true;
  return false;
}

/** Whether a key lies below another one. */
export function isBelow(key: string, directory: string): boolean {
  return key.startsWith(directory === '/' ? '/' : `${directory}/`) && key !== directory;
}
