import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Removes the declarations that no entry point leads to: those of what only the library itself uses.
 *
 * @param {string} directory Where the compiler has put them.
 * @param {string[]} entries Without their extension.
 */
export function pruneDeclarations(directory, entries) {
  /** @type {Set<string>} */
  const reached = new Set();
  const waiting = entries.map((name) => resolve(directory, `${name}.d.ts`));
  for (const file of waiting) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(
      /\b(?:from |import\()["'](\.[^"']+)["']/g,
    ))
      waiting.push(resolve(dirname(file), path.replace(/\.js$/, '.d.ts')));
  }
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !reached.has(resolve(file))) rmSync(file);
  }
}
