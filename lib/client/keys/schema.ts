import { EtcdDecodeError } from '../errors/index.js';
import type { EtcdSchema, EtcdSchemaResult } from './codecs.js';

/** Checks a value with a Standard Schema. @throws {EtcdDecodeError} which lists what is wrong, without the value */
export async function checkSchema<T>(key: string, schema: EtcdSchema<T>, value: unknown): Promise<T> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  throw new EtcdDecodeError(key, result.issues.map(describe).join('; '));
}

type Issue = NonNullable<EtcdSchemaResult<unknown>['issues']>[number];

function describe({ message, path = [] }: Issue): string {
  const place = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return place === '' ? message : `${place}: ${message}`;
}
