import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';

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

  /** Takes the place of the file as a whole, so that there is no moment at which half of it is there. */
  async write(snapshot: EmbeddedSnapshot): Promise<void> {
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    // `wx`: neither a file nor a link of somebody else's is written to.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(snapshot, null, 2)}\n`);
      await file.sync();
      await file.close();
      await rename(temporary, this.path);
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true });
      throw error;
    }
  }
}
