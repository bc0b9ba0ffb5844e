import { readFileSync } from 'node:fs';

/** One row of docs/from-python-etcd.md. */
export interface MigrationRow {
  /** What python-etcd calls it, e.g. `Client.write(ttl)`: the row's id. */
  name: string;
  here: string;
}

export function readMigrationTable(): MigrationRow[] {
  const text = readFileSync(new URL('../../docs/from-python-etcd.md', import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, first = '', here = ''] = line.split('|').map((cell) => cell.trim());
    const name = /^`(.+)`$/.exec(first)?.[1];
    return name === undefined ? [] : [{ name, here }];
  });
}
