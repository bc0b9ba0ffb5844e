import { EtcdDecodeError } from '../errors/index.js';
import type { EtcdSchema, EtcdSchemaResult } from '../keys/index.js';
import { describeRefusal } from '../keys/schema.js';
import { freezeDeep } from './freeze.js';

/**
 * Checks a value with a Standard Schema, at once where the schema can. What it gives is frozen.
 *
 * @param key which an error names
 * @param remark what else an error says, e.g. where to look
 * @throws {EtcdDecodeError}, or rejects with it, which says where the value is wrong. The schema's own words are left out,
 * because many libraries repeat the value in them.
 */
export function validate<T>(key: string, schema: EtcdSchema<T>, value: unknown, remark = ''): T | Promise<T> {
  let result: EtcdSchemaResult<T> | Promise<EtcdSchemaResult<T>>;
  try {
    result = schema['~standard'].validate(value);
  } catch (error) {
    throw failure(key, error);
  }
  if (!isPromise(result)) return accept(key, result, remark);
  return result.then(
    (settled) => accept(key, settled, remark),
    (error: unknown) => {
      throw failure(key, error);
    },
  );
}

/** Not by `instanceof`: a promise may be of another realm, or no native one. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function accept<T>(key: string, result: EtcdSchemaResult<T>, remark: string): T {
  if (result.issues === undefined) return freezeDeep(result.value);
  throw new EtcdDecodeError(key, `${describeRefusal(result.issues)}${remark}`);
}

/** What a schema of this package throws says itself what is wrong. */
function failure(key: string, error: unknown): EtcdDecodeError {
  if (error instanceof EtcdDecodeError) return error;
  return new EtcdDecodeError(key, 'its schema fails');
}
