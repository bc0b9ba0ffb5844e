/**
 * Freezes plain objects and lists, and what they hold; dates, maps and instances of classes stay as they are. What is called
 * `__proto__` is left out: whoever copies it by assignment would exchange a prototype.
 */
export function freezeDeep<T>(value: T): T {
  // Not by recursion: JSON may nest deeper than the stack reaches.
  const open: unknown[] = [value];
  const seen = new Set<object>();
  while (open.length > 0) {
    const next = open.pop();
    if (!isPlain(next) || seen.has(next)) continue;
    seen.add(next);
    if (Object.hasOwn(next, '__proto__')) Reflect.deleteProperty(next, '__proto__');
    for (const name of Object.keys(next)) open.push((next as Record<string, unknown>)[name]);
    Object.freeze(next);
  }
  return value;
}

/** Whether it is a list, or an object of no class. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // By its own prototype's prototype, because objects of another realm (jest, vm) have another `Object`.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
