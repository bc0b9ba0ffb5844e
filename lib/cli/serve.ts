import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { EmbeddedEtcd } from '../testing/index.js';
import { DataFile } from './data-file.js';

const usage = `Usage: nestjs-etcd serve [--port 2379] [--data tree.json]

Serves etcd's v2 API on 127.0.0.1, for development on one machine.

  --port  where to listen; 0 for any free port (default 2379)
  --data  a file for what is stored: read at the start, written whenever something has changed (default: nothing is kept)`;

/** The command line says what cannot be. */
export class UsageError extends Error {
  constructor(problem: string) {
    super(`${problem}\n\n${usage}`);
    this.name = 'UsageError';
  }
}

/** How often the file is brought up to date, in ms. */
const saveInterval = 500;

/** The command `nestjs-etcd`. It resolves when it has been interrupted and everything is saved. @throws {UsageError} */
export async function serve(
  args: readonly string[],
  interrupted: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  const { command, port, data } = readArguments(args);
  if (command === 'help') {
    print(usage);
    return;
  }
  const file = data === undefined ? undefined : new DataFile(data);
  const stored = await file?.read();
  const server = await start(port);
  try {
    if (stored !== undefined) server.restore(stored);
    // Whether it can be written is to be known before anybody relies on it.
    await file?.write(server.snapshot()).catch((cause: unknown) => {
      throw new Error(`${data} cannot be written: ${(cause as Error).message}. Is there such a directory?`, {
        cause,
      });
    });
    const kept = data === undefined ? '' : `, and kept in ${data}`;
    print(`etcd's v2 API is served at ${server.url}${kept}. Ctrl-C ends it.`);
    await keep(server, file, interrupted, print);
  } finally {
    await server.stop();
  }
}

/** Brings the file up to date until it is interrupted. @throws {Error} if what is stored at the end cannot be kept */
async function keep(
  server: EmbeddedEtcd,
  file: DataFile | undefined,
  interrupted: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  let saved = server.index;
  let isFailing = false;
  while (!interrupted.aborted) {
    await sleep(saveInterval, undefined, { signal: interrupted }).catch(() => undefined);
    const { index } = server;
    if (index === saved) continue;
    try {
      await file?.write(server.snapshot());
      saved = index;
      if (isFailing) print('What is stored is kept again.');
      isFailing = false;
    } catch (error) {
      if (interrupted.aborted) throw error;
      if (!isFailing)
        print(`What is stored cannot be kept (${(error as Error).message}); it is tried again.`);
      isFailing = true;
    }
  }
}

interface Arguments {
  readonly command: 'serve' | 'help';
  readonly port: number;
  readonly data: string | undefined;
}

function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args);
  const { port = '2379', data, help } = values;
  const [command, ...more] = positionals;
  if (help === true || command === 'help') return { command: 'help', port: 0, data: undefined };
  if (command !== 'serve' || more.length > 0)
    throw new UsageError(
      command === undefined ? 'Say what to do.' : `There is no command '${positionals.join(' ')}'.`,
    );
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new UsageError(`--port must be a number from 0 to 65535, not '${port}'.`);
  if (data === '') throw new UsageError('--data must name a file.');
  return { command, port: Number(port), data };
}

function parse(args: readonly string[]) {
  const options = {
    port: { type: 'string' },
    data: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function start(port: number): Promise<EmbeddedEtcd> {
  try {
    return await EmbeddedEtcd.start({ port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`Port ${port} is in use, perhaps by an etcd. Choose another one: --port 12379`, {
      cause: error,
    });
  }
}
