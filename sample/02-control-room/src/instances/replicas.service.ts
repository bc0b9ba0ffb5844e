import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ConflictException, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Subject } from 'rxjs';
import { LiveService } from '../live/live.service.js';

const most = 3;
/** How long a replica may take to end, in milliseconds. */
const grace = 5_000;
const main = fileURLToPath(new URL('../main.js', import.meta.url));

/** The replicas that this process has started. It touches no other process. */
@Injectable()
export class ReplicasService implements OnModuleDestroy {
  /** What the process that has started this one asks it to do. */
  readonly asked$ = new Subject<unknown>();
  private readonly logger = new Logger(ReplicasService.name);
  private readonly children = new Map<number, ChildProcess>();

  constructor(private readonly live: LiveService) {
    this.tell();
    process.on('message', this.onMessage);
  }

  /** Starts another process of this application, which listens on a free port, and ends with this one. */
  start(): number {
    if (this.children.size >= most) throw new ConflictException(`${most} replicas run already.`);
    const child = fork(main, { env: { ...process.env, PORT: '0' } });
    const { pid } = child;
    if (pid === undefined) throw new ConflictException('No further process could be started.');
    this.children.set(pid, child);
    child.once('error', (error) => this.logger.warn(error.message));
    child.once('exit', () => {
      this.children.delete(pid);
      this.tell();
    });
    this.tell();
    return pid;
  }

  /** @returns whether it is one of them */
  kill(candidate: string): boolean {
    return this.find(candidate)?.kill('SIGKILL') ?? false;
  }

  /** Sends a word to one of them. @returns whether it is one */
  ask(candidate: string, word: string): boolean {
    return this.find(candidate)?.send(word) ?? false;
  }

  async onModuleDestroy(): Promise<void> {
    process.off('message', this.onMessage);
    await Promise.all(
      Array.from(this.children.values(), async (child) => {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), grace);
        await exit;
        clearTimeout(timer);
      }),
    );
  }

  private readonly onMessage = (message: unknown): void => this.asked$.next(message);

  private find(candidate: string): ChildProcess | undefined {
    return [...this.children].find(([pid]) => candidate === `${hostname()}:${pid}`)?.[1];
  }

  private tell(): void {
    this.live.set('replicas', { pids: [...this.children.keys()], most });
  }
}
