import { EtcdResponseError } from '../errors/index.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses an answer that must be a JSON object. Fields are only ever read by name and never copied as they are, so
 * that a field called `__proto__` stays what it is: a field.
 */
export function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EtcdResponseError(text === '' ? 'The answer has no body.' : 'The answer is not JSON.', {
      cause: withoutText(cause),
    });
  }
  if (!isObject(value)) throw new EtcdResponseError('The answer is JSON, but no object.');
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `undefined` for an absent field. @throws {EtcdResponseError} when it is no text */
export function optionalText(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  if (value !== undefined && typeof value !== 'string') throw wrongType(name, 'a text');
  return value;
}

export function requiredText(object: JsonObject, name: string): string {
  const value = optionalText(object, name);
  if (value === undefined) throw wrongType(name, 'a text');
  return value;
}

/** A list of texts; etcd writes `null` for a list that was never given. */
export function textList(object: JsonObject, name: string): string[] {
  const value = object[name] ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw wrongType(name, 'a list of texts');
  return value;
}

export function objectField(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  if (!isObject(value)) throw wrongType(name, 'an object');
  return value;
}

export function numberField(object: JsonObject, name: string): number {
  const value = object[name];
  // JSON has no infinite numbers, but 1e999 becomes one.
  if (!Number.isFinite(value)) throw wrongType(name, 'a number');
  return value as number;
}

export function wrongType(name: string, expected: string): EtcdResponseError {
  return new EtcdResponseError(`The answer's field \`${name}\` is not ${expected}.`);
}

/** V8's syntax errors quote the text, which may hold values. */
function withoutText(cause: unknown): Error {
  return new SyntaxError(
    cause instanceof Error && cause.message.includes('end of JSON')
      ? 'Unexpected end of JSON input'
      : 'Unexpected token in JSON',
  );
}
