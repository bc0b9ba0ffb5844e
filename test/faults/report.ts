/** Writes a measured figure as a line of its own, past jest's reporter. */
export function report(figure: string): void {
  process.stdout.write(`${figure}\n`);
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(2)} s`;
}

/** How often each text occurs, e.g. `ETCD_INDETERMINATE 3, ok 97`. */
export function tally(texts: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts]
    .map(([text, count]) => `${text} ${count}`)
    .sort()
    .join(', ');
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
