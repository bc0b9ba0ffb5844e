/**
 * Prints a scenario's rows.
 *
 * @param {string} title
 * @param {import('./rounds.mjs').Row[]} rows
 */
export function printTable(title, rows) {
  const heads = ['ops/s', 'ratio', 'CPU s / 10,000', 'ratio'];
  console.log(`\n${title.padEnd(28)}${heads.map((head) => head.padStart(16)).join('')}`);
  for (const { name, opsPerSecond, ratio, cpu, cpuRatio } of rows) {
    const cells = [
      Math.round(opsPerSecond).toLocaleString('en-US'),
      ratio.toFixed(2),
      cpu?.toFixed(3) ?? '',
      cpuRatio?.toFixed(2) ?? '',
    ];
    console.log(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(16)).join('')}`);
  }
}
