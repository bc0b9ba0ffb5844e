import type { EtcdEvent, EtcdNode } from 'nestjs-etcd';

/** Queues as locks and elections have them: a directory each, whose entries etcd numbers. */
export class Queues {
  private readonly entries = new Map<string, EtcdNode>();

  /** @param prefix the directory of all, such as `/_locks` */
  constructor(private readonly prefix: string) {}

  apply(event: EtcdEvent): void {
    if (event.action === 'resync') {
      this.entries.clear();
      for (const node of event.node?.leaves() ?? []) this.entries.set(node.key, node);
    } else if (event.gone) this.entries.clear();
    else if (event.removal) {
      for (const key of this.entries.keys())
        if (key === event.key || key.startsWith(`${event.key}/`)) this.entries.delete(key);
    } else if (!event.node.dir) this.entries.set(event.key, event.node);
  }

  /** By their names, and each in the order in which they came. */
  all(): ReadonlyMap<string, readonly EtcdNode[]> {
    const queues = new Map<string, EtcdNode[]>();
    for (const key of [...this.entries.keys()].toSorted()) {
      const [segment = '', ...rest] = key.slice(this.prefix.length + 1).split('/');
      const node = this.entries.get(key);
      if (rest.length !== 1 || node === undefined) continue;
      const name = nameOf(segment);
      queues.set(name, [...(queues.get(name) ?? []), node]);
    }
    return queues;
  }
}

/** The name that a segment stands for: `orders/7` is written as `orders%2F7`. */
function nameOf(segment: string): string {
  return segment.replaceAll(/%([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
