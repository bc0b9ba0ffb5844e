import { EtcdDecodeError, type EtcdSchema } from '../client/index.js';
import { isPlain } from '../client/config/freeze.js';
import { isPromise } from '../client/config/validate.js';

/**
 * A schema that takes nothing but objects of what another one gives.
 *
 * @param key which the error names that it throws
 */
export function objectSchema<T>(key: string, schema: EtcdSchema<T>): EtcdSchema<T> {
  type Result = Awaited<ReturnType<EtcdSchema<T>['~standard']['validate']>>;
  const check = (result: Result): Result => {
    if (result.issues === undefined && (!isPlain(result.value) || Array.isArray(result.value)))
      throw new EtcdDecodeError(key, 'it is no object, as a loader of @nestjs/config has to give one');
    return result;
  };
  const { version, vendor } = schema['~standard'];
  return {
    '~standard': {
      version,
      vendor,
      validate: (value: unknown) => {
        const result = schema['~standard'].validate(value);
        return isPromise(result) ? result.then(check) : check(result);
      },
    },
  };
}
