import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedEtcd } from 'nestjs-etcd/testing';
import ts from 'typescript';

import { freePort } from '../../scripts/etcd-process.mjs';
import { compilePackage, type CompiledPackage } from '../nest/compile-package.js';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';

const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8');
const sectionOf = (title: string) => readme.split(`\n## ${title}\n`)[1]?.split('\n## ', 1)[0] ?? '';
const codeOf = (text: string) => /^```ts\n(.*?)^```$/ms.exec(text)?.[1] ?? '';
const section = sectionOf('Quick start');
const program = codeOf(section);
const script = codeOf(sectionOf('In a script'));
/** The requests that the reader is told to make, and what is said to come back. */
const requests = [...section.matchAll(/^curl (?:-X (?<method>\w+) )?(?<url>\S+)\s+# (?<answer>.*)$/gm)].map(
  ({ groups = {} }) => ({
    method: groups['method'] ?? 'GET',
    url: groups['url'] ?? '',
    answer: groups['answer'],
  }),
);

describe('The quick start of the README', () => {
  let compiled: CompiledPackage;
  let directory: string;
  let member: EtcdMember;
  let embedded: EmbeddedEtcd;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    [compiled, member, embedded] = await Promise.all([
      compilePackage(),
      EtcdMember.start(),
      EmbeddedEtcd.start(),
    ]);
    // Inside the project, so that Nest is found.
    directory = mkdtempSync(join(process.cwd(), 'node_modules', '.cache', 'quick-start-'));
    compile('main.mjs', program);
  });
  /** Writes a program that runs with the package as it is. */
  const compile = (name: string, code: string): void => {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    const { href } = pathToFileURL(compiled.esm);
    writeFileSync(
      join(directory, name),
      outputText.replace("'nestjs-etcd'", `'${href}'`).replace("'nestjs-etcd/client'", `'${href}'`),
    );
  };
  const start = (name: string, env: NodeJS.ProcessEnv = {}) => {
    const app = spawn(process.execPath, [join(directory, name)], { env: { ...process.env, ...env } });
    const output = { text: '' };
    for (const stream of [app.stdout, app.stderr])
      stream.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    child = app;
    return { app, output, hasEnded: () => app.exitCode !== null || app.signalCode !== null };
  };

  afterEach(() => {
    child?.kill('SIGKILL');
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    compiled[Symbol.dispose]();
    await Promise.all([member.stop(), embedded.stop()]);
  });

  it('has a program, and requests with their answers', () => {
    expect(program).toContain('NestFactory.create(AppModule)');
    expect(requests).toHaveLength(3);
  });

  it.each([
    ['the embedded server', () => embedded.url],
    ['a real etcd', () => member.url],
  ])('does with %s what it says', async (_, hosts) => {
    const port = await freePort();
    const { app, output, hasEnded } = start('main.mjs', { ETCD: hosts(), PORT: String(port) });
    await waitFor(() => output.text.includes('Nest application successfully started') || hasEnded(), {
      timeout: 20_000,
      what: 'the start of the application',
    });
    await waitFor(() => fetch(`http://127.0.0.1:${port}/flags/none`).then(({ ok }) => ok));

    for (const { method, url, answer } of requests) {
      const response = await fetch(url.replace('localhost:3000', `127.0.0.1:${port}`), { method });
      expect(await response.text()).toBe(answer);
    }
    // Whoever makes the change: the watch starts without being waited for, so once more until it tells.
    await waitFor(async () => {
      await fetch(`${hosts()}/v2/keys/flags/outside`, {
        method: 'PUT',
        body: new URLSearchParams({ value: 'on' }),
      });
      return output.text.includes('set /flags/outside');
    });

    app.kill('SIGTERM');
    await waitFor(hasEnded, { what: 'the end' });
    expect(output.text).not.toMatch(/ERROR|WARN/);
  });

  it('is followed by a script, which runs to its end', async () => {
    compile('script.mjs', script.replace("'10.0.0.1:2379'", `'${embedded.url}'`));
    const { app, output, hasEnded } = start('script.mjs');
    await waitFor(() => embedded.requests.some(({ url }) => url.startsWith('/v2/keys/nodes?wait=true')), {
      what: 'the watch',
    });
    // What expires before the watch has read the state is a part of that, so again until it is told.
    await waitFor(
      async () => {
        await fetch(`${embedded.url}/v2/keys/nodes/n1?value=up`, { method: 'PUT' });
        embedded.expireNow('/nodes/n1');
        return hasEnded();
      },
      { what: 'the end', interval: 50 },
    );
    expect(output.text).toMatch(/^\/nodes\/n1 up (?:10|[6-9])\nnobody else imports \d+\n$/);
    expect(app.exitCode).toBe(0);
    const stored = JSON.stringify(embedded.snapshot());
    for (const value of ['done', 'task']) expect(stored).toContain(`"${value}"`);
  });
});
