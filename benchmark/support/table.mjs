/**
 * Prints a scenario's rows.
 *
 * @param {string} title
 * @param {import('./rounds.mjs').Row[]} rows
 */
export function printTable(title, rows) {
  const heads = ['ops/s', 'ratio', 'CPU s / 10,000', 'ratio'];
  const lines = rows.map(({ name, opsPerSecond, ratio, cpu, cpuRatio }) => [
    name,
    whole(opsPerSecond),
    ratio.toFixed(2),
    cpu?.toFixed(3),
    cpuRatio?.toFixed(2),
  ]);
  printLines(title, heads, lines);
}

/**
 * Prints a table, a cell without a text as an empty one.
 *
 * @param {string} title
 * @param {string[]} heads Of all columns but the first one.
 * @param {(string | undefined)[][]} lines
 */
export function printLines(title, heads, lines) {
  const print = ([first, ...cells], widths) =>
    console.log(first.padEnd(28) + cells.map((cell = '', i) => cell.padStart(widths[i])).join(''));
  const widths = heads.map((head) => Math.max(8, head.length + 2));
  console.log();
  print([title, ...heads], widths);
  for (const line of lines) print(line, widths);
}

/** @param {number} value */
export function whole(value) {
  return Math.round(value).toLocaleString('en-US');
}
