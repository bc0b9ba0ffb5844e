import type { ModuleRef } from '@nestjs/core';
import { normalizeKey } from '../client/http/key-path.js';
import type { FoundWatch } from './watch-definition.js';

/**
 * The key of a watch; one that is a function is called with what it wants to have injected.
 *
 * @throws an error that names the handler, whose `cause` says why there is no key
 */
export function resolveKey({ handler, definition: { key, inject } }: FoundWatch, modules: ModuleRef): string {
  if (typeof key === 'string') return key;
  try {
    return normalizeKey(
      key(...inject.map((token) => modules.get<unknown>(token as string, { strict: false }))),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The @EtcdWatch of ${handler} has no key, because its function failed: ${reason}`, {
      cause,
    });
  }
}
