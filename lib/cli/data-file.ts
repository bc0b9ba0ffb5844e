import { readFile } from 'node:fs/promises';

import { replaceFile } from '../client/config/replace-file.js';
import { checkSnapshot, type EmbeddedSnapshot } from '../testing/cluster/index.js';

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
      return checkSnapshot(JSON.parse(text));
    } catch (cause) {
      throw new Error(
        `${this.path} is not what \`nestjs-etcd serve\` writes (${(cause as Error).message}). Name another file, or remove it.`,
        { cause },
      );
    }
  }

  /** Takes the place of what was written before. */
  async write(snapshot: EmbeddedSnapshot): Promise<void> {
    await replaceFile(this.path, `${JSON.stringify(snapshot, null, 2)}\n`);
  }
}
