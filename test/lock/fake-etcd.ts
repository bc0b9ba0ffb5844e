import {
  EtcdCompareFailedError,
  EtcdKeyExistsError,
  EtcdKeyNotFoundError,
  EtcdNode,
  EtcdNotFileError,
  type EtcdResult,
  type EtcdWatchAction,
} from 'nestjs-etcd/client';

/** A file as the store keeps it. */
export interface File {
  readonly key: string;
  readonly value: string;
  readonly createdIndex: number;
  readonly modifiedIndex: number;
  /** When it may be removed, and when it is, in milliseconds. */
  readonly expires: number | undefined;
  readonly swept: number | undefined;
}

/** A change, as a watch tells it. */
export interface Change {
  readonly action: EtcdWatchAction;
  readonly index: number;
  readonly node: EtcdNode;
  readonly prevNode: EtcdNode | undefined;
}

/** What is to be true of a file before it is changed. */
export interface Condition {
  readonly prevValue?: string;
  readonly prevIndex?: number;
}

const pad = (index: number) => String(index).padStart(20, '0');
const parentOf = (key: string) => key.slice(0, key.lastIndexOf('/'));

/** The part of etcd's store that leases and queues use, in memory. What has expired goes up to half a second late. */
export class FakeEtcd {
  index = 7;
  readonly files = new Map<string, File>();
  readonly history: Change[] = [];
  /** Called with each change. */
  readonly watchers = new Set<() => void>();
  private readonly directories = new Set<string>();

  /** @param lateness how many milliseconds late the next file goes */
  constructor(
    private readonly now: () => number,
    private readonly lateness: () => number = () => 0,
  ) {}

  /** When the next file goes. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { swept } of this.files.values())
      if (swept !== undefined && (next === undefined || swept < next)) next = swept;
    return next;
  }

  /** Removes what has expired. */
  sweep(): void {
    const gone = [...this.files.values()].filter(({ swept }) => swept !== undefined && swept <= this.now());
    for (const file of gone.toSorted((one, other) => (one.expires ?? 0) - (other.expires ?? 0)))
      this.remove('expire', file);
  }

  append(directory: string, value: string, ttl?: number): EtcdResult {
    this.directories.add(directory);
    return this.put('create', `${directory}/${pad(this.index + 1)}`, value, ttl);
  }

  create(key: string, value: string, ttl?: number): EtcdResult {
    if (this.files.has(key)) throw new EtcdKeyExistsError(`It exists: ${key}`, this.details(105));
    return this.put('create', key, value, ttl);
  }

  set(key: string, value: string, ttl?: number): EtcdResult {
    return this.put('set', key, value, ttl);
  }

  swap(key: string, value: string, condition: Condition, ttl?: number): EtcdResult {
    const before = this.compared(key, condition);
    return this.put('compareAndSwap', key, value, ttl, before);
  }

  /** Prolongs a file's life. No watch is told. */
  refresh(key: string, ttl: number, condition: Condition): EtcdResult {
    const before = this.compared(key, condition);
    return this.put('update', key, before.value, ttl, before, true);
  }

  delete(key: string, condition: Condition): EtcdResult {
    return this.remove('compareAndDelete', this.compared(key, condition));
  }

  /** Removes a directory with all files in it, of which one event tells. */
  deleteDirectory(directory: string): void {
    if (!this.directories.delete(directory)) return;
    for (const key of this.files.keys()) if (parentOf(key) === directory) this.files.delete(key);
    const index = ++this.index;
    const node = new EtcdNode({ key: directory, dir: true, modifiedIndex: index, createdIndex: 1 }, '');
    this.tell({ action: 'delete', index, node, prevNode: undefined });
  }

  get(key: string): EtcdResult {
    return this.result('get', this.find(key));
  }

  /** The first change from an index on that concerns a key: its own, or that a directory above it is gone. */
  changeFrom(index: number, key: string, isRecursive: boolean): Change | undefined {
    return this.history.find(({ index: at, node }) => {
      const isBelow = isRecursive && node.key.startsWith(`${key}/`);
      return at >= index && (node.key === key || isBelow || (node.dir && key.startsWith(`${node.key}/`)));
    });
  }

  private find(key: string): EtcdNode {
    const file = this.files.get(key);
    if (file !== undefined) return nodeOf(file);
    if (!this.directories.has(key)) throw new EtcdKeyNotFoundError(`No such key: ${key}`, this.details(100));
    // In no order, as etcd gives them.
    const nodes = [...this.files.values()].filter((one) => parentOf(one.key) === key).toReversed();
    return new EtcdNode({ key, dir: true, nodes, modifiedIndex: 1, createdIndex: 1 }, '');
  }

  private compared(key: string, { prevValue, prevIndex }: Condition): File {
    const file = this.files.get(key);
    if (file === undefined) {
      if (this.directories.has(key)) throw new EtcdNotFileError(`No file: ${key}`, this.details(102));
      throw new EtcdKeyNotFoundError(`No such key: ${key}`, this.details(100));
    }
    const isOther = prevValue !== undefined && prevValue !== file.value;
    if (isOther || (prevIndex !== undefined && prevIndex !== file.modifiedIndex))
      throw new EtcdCompareFailedError(`Another value: ${key}`, this.details(101));
    return file;
  }

  private put(
    action: EtcdWatchAction,
    key: string,
    value: string,
    ttl: number | undefined,
    replaced?: File,
    isSilent = false,
  ): EtcdResult {
    const before = this.files.get(key);
    const index = ++this.index;
    const expires = ttl === undefined ? undefined : this.now() + ttl * 1_000;
    const swept = expires === undefined ? undefined : expires + this.lateness();
    const createdIndex = replaced?.createdIndex ?? index;
    const file = { key, value, createdIndex, modifiedIndex: index, expires, swept };
    this.files.set(key, file);
    this.directories.add(parentOf(key));
    const node = nodeOf(file);
    const prevNode = before && nodeOf(before);
    if (!isSilent) this.tell({ action, index, node, prevNode });
    return this.result(action, node, prevNode);
  }

  private remove(action: EtcdWatchAction, file: File): EtcdResult {
    const { key, createdIndex } = file;
    this.files.delete(key);
    const index = ++this.index;
    const node = new EtcdNode({ key, createdIndex, modifiedIndex: index }, '');
    this.tell({ action, index, node, prevNode: nodeOf(file) });
    return this.result(action, node, nodeOf(file));
  }

  private tell(change: Change): void {
    this.history.push(change);
    for (const watcher of this.watchers) watcher();
  }

  private result(action: string, node: EtcdNode, prevNode?: EtcdNode): EtcdResult {
    const header = { raftIndex: 0, raftTerm: 1, clusterId: 'c', etcdIndex: this.index };
    return { action, created: prevNode === undefined && action !== 'get', node, prevNode, ...header };
  }

  private details(errorCode: number) {
    return { errorCode, index: this.index };
  }
}

function nodeOf({ key, value, createdIndex, modifiedIndex }: File): EtcdNode {
  return new EtcdNode({ key, value, createdIndex, modifiedIndex }, '');
}
