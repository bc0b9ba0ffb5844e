import type { EtcdEvent, EtcdNode } from 'nestjs-etcd/client';

/** Stands for a directory among values. */
const directory = Symbol('directory');

/** What a user's cache of a watched subtree holds: built from events and from nothing else. */
export class RebuiltState {
  readonly #nodes = new Map<string, string | undefined | typeof directory>();

  /** @param root the watched key */
  constructor(private readonly root: string) {}

  apply(event: EtcdEvent): void {
    if (event.action === 'resync') {
      for (const key of event.removed) this.#nodes.delete(key);
      for (const node of [...event.added, ...event.changed]) this.#put(node);
      return;
    }
    const { action, key, node, relation } = event;
    if (action !== 'delete' && action !== 'compareAndDelete' && action !== 'expire') {
      // etcd makes missing parents without an event of their own.
      for (let end = key.lastIndexOf('/'); end >= this.root.length; end = key.lastIndexOf('/', end - 1))
        this.#nodes.set(key.slice(0, end), directory);
      this.#put(node);
    } else if (relation === 'ancestor') this.#nodes.clear();
    else {
      for (const other of this.#nodes.keys())
        if (other === key || other.startsWith(`${key}/`)) this.#nodes.delete(other);
    }
  }

  /** Where it is not what a read of the watched key shows. */
  differences(read: EtcdNode | undefined): string[] {
    const differences: string[] = [];
    const present = new Set<string>();
    for (const node of read?.subtree() ?? []) {
      present.add(node.key);
      const known = this.#nodes.get(node.key);
      const actual = node.dir ? directory : node.value;
      if (!this.#nodes.has(node.key)) differences.push(`${node.key} is missing`);
      else if (known !== actual)
        differences.push(`${node.key} is ${String(known)} in place of ${String(actual)}`);
    }
    for (const key of this.#nodes.keys()) if (!present.has(key)) differences.push(`${key} is gone`);
    return differences;
  }

  #put(node: EtcdNode): void {
    this.#nodes.set(node.key, node.dir ? directory : node.value);
  }
}
