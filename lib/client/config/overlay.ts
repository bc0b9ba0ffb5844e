import { EtcdDecodeError } from '../errors/index.js';
import { isBelow, type Environment } from './config-options.js';
import { isPlain } from './freeze.js';

/** Values of the environment, by their keys below the prefix. */
export type Overlays = ReadonlyMap<string, unknown>;

/**
 * What a file stands for, with the values of the environment for what lies below its key put into it. Only what is on the way to them is
 * copied.
 *
 * @param fullKey the key with the prefix, for errors
 * @throws {EtcdDecodeError} which names the variable, where there is no object that could take its value
 */
export function overlay(
  key: string,
  fullKey: string,
  value: unknown,
  overlays: Overlays,
  env: Environment,
): unknown {
  let result = value;
  for (const [own, replacement] of overlays) {
    if (!isBelow(own, key)) continue;
    const segments = own.slice(key === '/' ? 1 : key.length + 1).split('/');
    if (segments.includes('__proto__')) continue;
    const put = putInto(result, segments, replacement);
    if (put === undefined) {
      throw new EtcdDecodeError(
        fullKey,
        `the variable ${env.get(own)?.variable ?? ''} stands for ${own}, and there is no object here that could take its value; write a JSON object or a directory, or unset the variable`,
      );
    }
    result = put;
  }
  return result;
}

/** @returns `undefined` where something else than an object is in the way */
function putInto(
  target: unknown,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): object | undefined {
  if (!isPlain(target) || Array.isArray(target)) return undefined;
  if (rest.length === 0) return Object.freeze({ ...target, [name]: value });
  const own = Object.hasOwn(target, name) ? (target as Record<string, unknown>)[name] : {};
  const member = putInto(own, rest, value);
  return member && Object.freeze({ ...target, [name]: member });
}
