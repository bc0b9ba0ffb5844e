import { EtcdInvalidKeyError, EtcdOptionsError } from '../client/index.js';
import { show } from '../client/options/check.js';

/**
 * Checks the place of a method decorator, and what `check` checks of its arguments.
 *
 * @param decorator as it is written, e.g. `@EtcdWatch`
 * @throws {EtcdOptionsError} which says which method a wrong argument belongs to, as a stack trace alone does not
 */
export function inMethod<T>(
  decorator: string,
  target: object,
  method: unknown,
  descriptor: PropertyDescriptor | undefined,
  check: (method: string) => T,
): T {
  return blaming(`${decorator} of ${nameOf(target, method)}`, () => {
    checkPlace(decorator, target, method, descriptor);
    return check(method);
  });
}

/** Says of a wrong argument where it stands. @param what e.g. `@EtcdWatch of Class#method` */
export function blaming<T>(what: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof EtcdOptionsError)) throw error;
    const Kind = error instanceof EtcdInvalidKeyError ? EtcdInvalidKeyError : EtcdOptionsError;
    const problem = error.message.replace(`\`${error.option}\`: `, '');
    throw new Kind(error.option, `${problem} (${what})`);
  }
}

/** `Class#method`. */
export function nameOf(target: object, method: unknown): string {
  const owner = typeof target === 'function' ? target : target.constructor;
  return `${owner.name}#${String(method)}`;
}

function checkPlace(
  decorator: string,
  target: object,
  method: unknown,
  descriptor: PropertyDescriptor | undefined,
): asserts method is string {
  const problem =
    typeof target === 'function'
      ? 'a static method, for which there is no instance; make it a method of the instance'
      : typeof descriptor?.value !== 'function'
        ? 'no method; put it on a method'
        : typeof method !== 'string'
          ? `a method named by ${show(method)}; give it a text as its name`
          : undefined;
  if (problem !== undefined) throw new EtcdOptionsError(decorator.slice(1), `it stands on ${problem}`);
}
