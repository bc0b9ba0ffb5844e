#!/usr/bin/env node
import { serve, UsageError } from './serve.js';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interruption.abort());

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

serve(process.argv.slice(2), interruption.signal, print).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
