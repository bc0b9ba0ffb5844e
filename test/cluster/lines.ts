import { type EtcdLogger } from 'nestjs-etcd/client';

/** A logger that keeps what the client writes, each line behind its level. */
export class Lines implements EtcdLogger {
  readonly all: string[] = [];

  log(message: string): void {
    this.all.push(`log ${message}`);
  }

  warn(message: string): void {
    this.all.push(`warn ${message}`);
  }

  error(message: string): void {
    this.all.push(`error ${message}`);
  }

  with(text: string): string[] {
    return this.all.filter((line) => line.includes(text));
  }
}
