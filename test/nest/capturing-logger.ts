import type { LoggerService } from '@nestjs/common';

/** One line as an application's logger gets it. */
export interface LogLine {
  level: 'log' | 'warn' | 'error';
  message: string;
  context: unknown;
}

/** An application's own logger that keeps what it is given. */
export class CapturingLogger implements LoggerService {
  readonly lines: LogLine[] = [];

  log(message: unknown, ...rest: unknown[]): void {
    this.keep('log', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.keep('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.keep('error', message, rest);
  }

  /** The lines of one context. */
  of(context: string): LogLine[] {
    return this.lines.filter((line) => line.context === context);
  }

  private keep(level: LogLine['level'], message: unknown, rest: unknown[]): void {
    this.lines.push({ level, message: String(message), context: rest.at(-1) });
  }
}
