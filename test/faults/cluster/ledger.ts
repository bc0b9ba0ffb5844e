import { EtcdClient, EtcdError } from 'nestjs-etcd/client';

/** What a caller was told of one write. */
type Outcome = 'acknowledged' | 'definite' | 'indeterminate';

/**
 * What writers were told of their writes, each to a key of its own, so that the store can be asked afterwards whether
 * it was the truth: what was acknowledged is there, what failed definitely is not; the others may be either.
 */
export class Ledger {
  readonly outcomes = new Map<string, Outcome>();
  readonly codes: string[] = [];

  /** `directory` must be of this ledger alone. */
  constructor(private readonly directory: string) {}

  /** Makes one write, and tells whether it was acknowledged. */
  async write(client: EtcdClient, name: string): Promise<boolean> {
    const key = `${this.directory}/${name}`;
    try {
      await client.set(key, name);
      this.outcomes.set(key, 'acknowledged');
      return true;
    } catch (error) {
      this.note(error);
      this.outcomes.set(key, (error as EtcdError).mayHaveBeenApplied ? 'indeterminate' : 'definite');
      return false;
    }
  }

  /** Keeps the code of an error, which must be one of this package's and say which members were tried. */
  note(error: unknown): void {
    if (!(error instanceof EtcdError) || error.attempts.length === 0) throw error;
    this.codes.push(error.code);
  }

  count(outcome: Outcome): number {
    return [...this.outcomes.values()].filter((one) => one === outcome).length;
  }

  /** The acknowledged keys that a quorum read does not show with their values, and the refused ones that it shows. */
  async lies(hosts: string[]): Promise<{ lost: string[]; appeared: string[] }> {
    // Thousands of keys at once take a busy member its time.
    await using client = new EtcdClient({ hosts, timeout: 60_000, tryTimeout: 60_000 });
    const { node } = await client.get(this.directory, { quorum: true, recursive: true });
    const stored = new Map([...node.leaves()].map(({ key, value }) => [key, value]));
    const named = (key: string) => stored.get(key) === key.slice(this.directory.length + 1);
    const all = [...this.outcomes];
    return {
      lost: all.filter(([key, outcome]) => outcome === 'acknowledged' && !named(key)).map(([key]) => key),
      appeared: all.filter(([key, outcome]) => outcome === 'definite' && stored.has(key)).map(([key]) => key),
    };
  }
}
