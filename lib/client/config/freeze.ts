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

/** A frozen copy of plain objects and lists, for what somebody else may go on using; see {@link freezeDeep}. */
export function frozenCopy(value: unknown): unknown {
  const copies = new Map<object, object>();
  const open: [source: object, copy: object][] = [];
  const copyOf = (source: unknown): unknown => {
    if (!isPlain(source)) return source;
    let copy = copies.get(source);
    if (copy === undefined) {
      copy = Array.isArray(source)
        ? []
        : (Object.create(Object.getPrototypeOf(source) as object | null) as object);
      copies.set(source, copy);
      open.push([source, copy]);
    }
    return copy;
  };
  const result = copyOf(value);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [source, copy] = next;
    for (const [name, member] of Object.entries(source))
      if (name !== '__proto__') (copy as Record<string, unknown>)[name] = copyOf(member);
  }
  return freezeDeep(result);
}

/** Whether it is a list, or an object of no class. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  // By its own prototype's prototype, because objects of another realm (jest, vm) have another `Object`.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
