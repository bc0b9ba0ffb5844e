import { EtcdDecodeError } from '../errors/index.js';
import type { EtcdSchema, EtcdSchemaResult } from './codecs.js';

/**
 * Checks a value with a Standard Schema. @throws {EtcdDecodeError} which says where it is wrong. The schema's own words
 * are left out, because many libraries repeat the value in them.
 */
export async function checkSchema<T>(key: string, schema: EtcdSchema<T>, value: unknown): Promise<T> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  throw new EtcdDecodeError(key, describeRefusal(result.issues));
}

type Issues = NonNullable<EtcdSchemaResult<unknown>['issues']>;

/** That a schema refuses a value, and where, in no word of its own. */
export function describeRefusal(issues: Issues): string {
  const places = [...new Set(issues.map(placeOf))].filter((place) => place !== '');
  return `its schema refuses it${places.length === 0 ? '' : ` at ${places.join(', ')}`}`;
}

function placeOf({ path = [] }: Issues[number]): string {
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
