import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

import { waitFor } from '../support/wait-for.js';
import { prelude, python, pythonEnvironment } from './python-etcd.js';

/** A process that says `WORD JSON` in lines, and waits for a line where it wants one. */
export class Speaker implements AsyncDisposable {
  private output = '';
  private heard = 0;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly ended: Promise<unknown>;

  private constructor(command: string, words: readonly string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(command, words, { env });
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    this.child.stdout.on('data', keep);
    this.child.stderr.on('data', keep);
    this.child.stdin.on('error', () => undefined);
    this.ended = once(this.child, 'close');
  }

  /** A program with `client` (of python-etcd), `say(word, value)` and `wait()`. */
  static python(url: string, program: string): Speaker {
    const means = `
def say(word, value=None): print(word + ' ' + json.dumps(value), flush=True)
def wait(): sys.stdin.readline()
`;
    return new Speaker(python, ['-W', 'ignore', '-c', prelude + means + program, url], pythonEnvironment);
  }

  /** A program with `etcd`, a client of the compiled package whose file is given, and `say(word, value)`. */
  static node(file: string, url: string, program: string): Speaker {
    const means = `
import { EtcdClient } from ${JSON.stringify(file)};
const etcd = new EtcdClient({ hosts: ${JSON.stringify(url)} });
const say = (word, value = null) => process.stdout.write(word + ' ' + JSON.stringify(value) + '\\n');
`;
    return new Speaker(process.execPath, ['--input-type=module', '-e', means + program], process.env);
  }

  /** Resolves to what it says next under a word. */
  async says<T = unknown>(word: string): Promise<T> {
    const line = await waitFor(
      () => {
        const lines = this.output.split('\n').slice(0, -1);
        const found = lines.findIndex((text, i) => i >= this.heard && text.startsWith(`${word} `));
        if (found < 0 && this.child.exitCode !== null) return 'ended';
        if (found >= 0) this.heard = found + 1;
        return lines[found];
      },
      { timeout: 20_000, interval: 5, what: `'${word}' of a program, which has said:\n${this.output}` },
    );
    if (line === 'ended') throw new Error(`The program has ended:\n${this.output}`);
    return JSON.parse(line.slice(word.length)) as T;
  }

  /** Lets it go on from where it waits. */
  tell(): void {
    this.child.stdin.write('\n');
  }

  /** Ends it, as a crash does. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
