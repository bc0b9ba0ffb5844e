/** etcd's handler dies of some requests: the connection ends without an answer. */
export class HandlerCrash extends Error {
  constructor() {
    super('etcd would crash here: a role has an empty pattern');
    this.name = 'HandlerCrash';
  }
}

/**
 * Whether one of a role's patterns allows a path (protocol page, 5.5). A pattern is a path, or the beginning of paths
 * when it ends in `*`.
 *
 * @param recursive whether everything below is asked for, for which a mere path does not do
 * @throws {HandlerCrash} at an empty pattern, if no one before it allows the path
 */
export function allows(patterns: readonly string[], path: string, recursive: boolean): boolean {
  return patterns.some((pattern) => {
    if (pattern === '') throw new HandlerCrash();
    if (pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1));
    return !recursive && pattern === path;
  });
}
