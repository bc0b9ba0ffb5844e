import { EtcdOptionsError } from '../errors/index.js';

/** How a wrong value is shown in a message: short, with its type, and never an object's content. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}' (string)`;
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object' || typeof value === 'function')
    return `(${Array.isArray(value) ? 'array' : typeof value})`;
  return `${String(value)} (${typeof value})`;
}

/** Shows of what may be a secret, such as the value of a key, no more than its type. */
export function showType(value: unknown): string {
  if (value === '' || value === null || value === undefined) return show(value);
  return `(${Array.isArray(value) ? 'array' : typeof value})`;
}

/**
 * Refuses anything that is no object, and names that are none of `known`. A text in place of an object is not shown:
 * it may be a URL with a password, or a key.
 */
export function checkNames(option: string, value: unknown, known: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const got = typeof value === 'string' ? 'a string' : show(value);
    throw new EtcdOptionsError(option, `expected an object, got ${got}`);
  }
  for (const name in value) {
    if (!known.has(name)) {
      throw new EtcdOptionsError(
        name,
        `no such option here (${option}); known are ${[...known].sort().join(', ')}`,
      );
    }
  }
}

export function checkBoolean(option: string, value: unknown): asserts value is boolean | undefined {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new EtcdOptionsError(option, `expected true or false, got ${show(value)}`);
  }
}

export function checkText(
  option: string,
  value: unknown,
  shown: (value: unknown) => string = show,
): asserts value is string {
  if (typeof value !== 'string' || value === '') {
    throw new EtcdOptionsError(option, `expected a text that is not empty, got ${shown(value)}`);
  }
}

export function checkInteger(
  option: string,
  value: unknown,
  least: number,
  most: number,
  unit: string,
): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new EtcdOptionsError(
      option,
      `expected a whole number of ${unit} from ${least} to ${most}, got ${show(value)}`,
    );
  }
}

/** A duration in milliseconds; above 2^31-1 Node's timers fire at once, so that is the end. */
export function checkMilliseconds(option: string, value: unknown): asserts value is number {
  if (typeof value !== 'number' || !(value > 0) || value > 2_147_483_647) {
    throw new EtcdOptionsError(
      option,
      `expected milliseconds above 0 and up to 2147483647, got ${show(value)}`,
    );
  }
}

export function checkSignal(value: unknown): asserts value is AbortSignal | undefined {
  if (value === undefined) return;
  if (
    typeof value !== 'object' ||
    value === null ||
    !('aborted' in value && typeof value.aborted === 'boolean') ||
    !('addEventListener' in value && typeof value.addEventListener === 'function')
  ) {
    throw new EtcdOptionsError('signal', `expected an AbortSignal, got ${show(value)}`);
  }
}
