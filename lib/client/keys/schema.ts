import { EtcdDecodeError } from '../errors/index.js';
import type { EtcdSchema, EtcdSchemaResult } from './codecs.js';

/**
 * Checks a value with a Standard Schema. @throws {EtcdDecodeError} which says where it is wrong. The schema's own words
 * are left out, because many libraries repeat the value in them.
 */
export async function checkSchema<T>(key: string, schema: EtcdSchema<T>, value: unknown): Promise<T> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const places = [...new Set(result.issues.map(placeOf))].filter((place) => place !== '');
  throw new EtcdDecodeError(
    key,
    `its schema refuses it${places.length === 0 ? '' : ` at ${places.join(', ')}`}`,
  );
}

type Issue = NonNullable<EtcdSchemaResult<unknown>['issues']>[number];

function placeOf({ path = [] }: Issue): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
