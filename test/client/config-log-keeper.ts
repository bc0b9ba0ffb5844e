import type { EtcdLogger } from 'nestjs-etcd/client';

/** A logger that keeps what it is given. */
export class LogKeeper implements EtcdLogger {
  readonly lines: { readonly level: keyof EtcdLogger; readonly message: string }[] = [];

  get texts(): readonly string[] {
    return this.lines.map(({ message }) => message);
  }

  log(message: string): void {
    this.lines.push({ level: 'log', message });
  }

  warn(message: string): void {
    this.lines.push({ level: 'warn', message });
  }

  error(message: string): void {
    this.lines.push({ level: 'error', message });
  }
}
