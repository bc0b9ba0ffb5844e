import type { Role, User } from './auth-types.js';

/** Users and roles as plain data, with passwords as they are. */
export interface AuthSnapshot {
  readonly enabled: boolean;
  /** Whether anything was ever written. */
  readonly configured: boolean;
  readonly users: readonly User[];
  readonly roles: readonly Role[];
}

/** Copies data with all byte strings as texts. They came as JSON, so that they are UTF-8. */
export function toTexts<T>(data: T): T {
  return mapStrings(data, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8')) as T;
}

/** The counterpart of {@link toTexts}. */
export function toByteStrings<T>(data: T): T {
  return mapStrings(data, (text) => Buffer.from(text, 'utf8').toString('latin1')) as T;
}

function mapStrings(data: unknown, map: (text: string) => string): unknown {
  if (typeof data === 'string') return map(data);
  if (Array.isArray(data)) return data.map((each) => mapStrings(each, map));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, each]) => [name, mapStrings(each, map)]));
}
