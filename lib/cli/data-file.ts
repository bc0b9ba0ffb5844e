import { readFile, rename, writeFile } from 'node:fs/promises';

import type { EmbeddedSnapshot } from '../testing/index.js';

/** What a server has stored, in a file. It may hold passwords, and is for its owner alone. */
export class DataFile {
  constructor(private readonly path: string) {}

  /** @returns `undefined` if there is no file @throws {Error} if it cannot be read, or is something else */
  async read(): Promise<EmbeddedSnapshot | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const snapshot = JSON.parse(text) as EmbeddedSnapshot;
      if (Number.isInteger(snapshot.store.index) && Array.isArray(snapshot.store.nodes)) return snapshot;
    } catch {
      // The same as with JSON that says something else.
    }
    throw new Error(
      `${this.path} was not written by \`nestjs-etcd serve\`. Name another file, or remove it.`,
    );
  }

  /** Takes the place of the file as a whole, so that there is no moment at which half of it is there. */
  async write(snapshot: EmbeddedSnapshot): Promise<void> {
    const temporary = `${this.path}.tmp`;
    await writeFile(temporary, `${JSON.stringify(snapshot, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, this.path);
  }
}
