import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { type CompiledPackage, compilePackage } from '../nest/compile-package.js';
import { waitFor } from '../support/wait-for.js';
import { WatchedMember } from './watched-member.js';

describe('A process that watches', () => {
  let etcd: WatchedMember;
  let compiled: CompiledPackage;
  beforeAll(async () => {
    etcd = await WatchedMember.start();
    compiled = await compilePackage();
  });
  afterAll(async () => {
    compiled[Symbol.dispose]();
    await etcd[Symbol.asyncDispose]();
  });

  it.each([
    ['leaves its loop', 'leave', ''],
    ['closes its client', 'close', ''],
    ['aborts its watches', 'abort', 'ETCD_ABORTED\n'],
    ['closes its cache', 'cache', ''],
  ])('lives for as long as it does so, and ends by itself when it %s', async (_, how, says) => {
    const client = join(dirname(compiled.esm), 'client', 'index.js');
    const program = join('test', 'watch', 'programs', 'watch.mjs');
    const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [
      program,
      client,
      etcd.member.url,
      how,
    ]);
    const ended = once(child, 'close');
    let output = '';
    const keep = (chunk: Buffer) => (output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const has = (text: string) =>
      waitFor(() => output.includes(text) || child.exitCode !== null, { what: `'${text}' in '${output}'` });
    try {
      await has('watching');
      // Re-armed more than once, with nothing to tell.
      const before = etcd.watches.length;
      await waitFor(() => etcd.watches.length > before + 6, { what: 'some re-arming' });
      await etcd.writer.set('/app/key', 'go on');
      await has('go on');
      expect(child.exitCode).toBeNull();
      await etcd.writer.set('/app/key', 'stop');
      await waitFor(() => child.exitCode !== null, { what: `the end of the process, after '${output}'` });
      expect(await ended).toEqual([0, null]);
      expect(output).toBe(`watching\ntold go on\ntold stop\n${says}left\n`);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
