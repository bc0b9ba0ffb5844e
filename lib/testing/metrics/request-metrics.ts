/** The upper ends of the histogram's buckets, in seconds. */
export const buckets: readonly number[] = Array.from({ length: 13 }, (_, i) => 0.0005 * 2 ** i);

/** How long requests of one method have taken. */
export interface Durations {
  /** How many in each bucket, those of the smaller ones not included. */
  readonly counts: number[];
  /** In seconds. */
  sum: number;
  count: number;
}

/** What is counted of requests for keys that were understood and allowed; watches are not counted. */
export class RequestMetrics {
  readonly received = new Map<string, number>();
  /** By code and method. */
  readonly failed = new Map<string, number>();
  readonly durations = new Map<string, Durations>();

  /** @param method `QGET` for a read through raft */
  receive(method: string): void {
    this.received.set(method, (this.received.get(method) ?? 0) + 1);
  }

  /** @param seconds how long it has taken */
  succeed(method: string, seconds: number): void {
    let durations = this.durations.get(method);
    if (durations === undefined) {
      durations = { counts: buckets.map(() => 0), sum: 0, count: 0 };
      this.durations.set(method, durations);
    }
    const bucket = buckets.findIndex((end) => seconds <= end);
    if (bucket >= 0) durations.counts[bucket] = (durations.counts[bucket] ?? 0) + 1;
    durations.sum += seconds;
    durations.count++;
  }

  fail(method: string, status: number): void {
    const labels = `code="${status}",method="${method}"`;
    this.failed.set(labels, (this.failed.get(labels) ?? 0) + 1);
  }
}
