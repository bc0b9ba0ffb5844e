import { inspect } from 'node:util';
import { EtcdClient, type EtcdClientOptions, type EtcdLogger } from 'nestjs-etcd/client';
import { DiagnosticsRecorder } from '../client/diagnostics-recorder.js';

/** In no other text, not even in a stack. It stands in every secret, at its beginning, in its middle and at its end. */
const mark = 'tzvlq';

/** Secrets of every kind. Some hold what is written in another way in JSON, in forms and in URLs. */
export const canaries = {
  /** A value that is stored. */
  value: `${mark}-stored "ü&=%\\ ${mark}-stored\n${mark}`,
  /** A value that a write compares with. */
  guess: `${mark}-guess/?#+ ${mark}-guess ${mark}`,
  /** A value that is written. */
  written: `${mark}-written {"a":1} ${mark}-written ${mark}`,
  password: `${mark}-pass:wörd ${mark}`,
  passphrase: `${mark}-phrase ${mark}`,
} as const;

export const auth = { username: 'root', password: canaries.password };

/** The `Authorization` header, in pieces: each of them would tell enough. */
const headers = [auth, { ...auth, password: `${canaries.password}!` }].flatMap(({ username, password }) => {
  const text = Buffer.from(`${username}:${password}`).toString('base64');
  return [text.slice(8, 20), text.slice(-16, -4)];
});

/** Everything that can be seen of something: text, stack, JSON, `inspect`, and the same of its causes. */
export function everythingOf(value: unknown): string {
  const texts = [inspect(value, { depth: Infinity, maxStringLength: Infinity, maxArrayLength: Infinity })];
  for (let one: unknown = value, i = 0; one instanceof Error && i < 10; one = one.cause, i++)
    texts.push(String(one), one.stack ?? '', JSON.stringify(one), JSON.stringify(Object.entries(one)));
  if (!(value instanceof Error)) texts.push(JSON.stringify(value) ?? '');
  return texts.join('\n');
}

/** Takes in whatever could tell a secret: the log, every channel, and the errors that it is given. */
export class CanaryWitness implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly errors: unknown[] = [];
  readonly recorder = new DiagnosticsRecorder();
  readonly #clients: EtcdClient[] = [];
  readonly logger: EtcdLogger = {
    log: (...words: unknown[]) => void this.lines.push(everythingOf(words)),
    warn: (...words: unknown[]) => void this.lines.push(everythingOf(words)),
    error: (...words: unknown[]) => void this.lines.push(everythingOf(words)),
  };

  client(options: EtcdClientOptions): EtcdClient {
    const client = new EtcdClient({ sync: false, timeout: 2_000, logger: this.logger, ...options });
    this.#clients.push(client);
    return client;
  }

  /** Runs what must fail, and gives the error. */
  async failure(run: () => unknown): Promise<{ readonly code: string }> {
    try {
      await run();
    } catch (error) {
      this.errors.push(error);
      return error as { code: string };
    }
    throw new Error(`It did not fail: ${run.toString()}`);
  }

  /** Everything that it has taken in, each piece with where it was. */
  get told(): string[] {
    return [
      ...this.lines.map((line) => `line: ${line}`),
      ...this.errors.map((error) => `error: ${everythingOf(error)}`),
      ...this.recorder.all.map(({ name, copy }) => `${name}: ${everythingOf(copy)}`),
      ...this.#clients.map((client) => `client: ${everythingOf(client)}`),
    ];
  }

  /** What tells a secret, each with what is around it, because some texts are very long. */
  get telling(): string[] {
    return [...new Set(this.told.filter(tellsSecret).map((text) => excerpt(text)))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    this.recorder[Symbol.dispose]();
  }
}

export function tellsSecret(text: string): boolean {
  return text.toLowerCase().includes(mark) || headers.some((part) => text.includes(part));
}

function excerpt(text: string): string {
  const place = text.toLowerCase().indexOf(mark);
  return `${text.slice(0, 60)} … ${text.slice(Math.max(0, place - 80), place + 80)}`;
}
