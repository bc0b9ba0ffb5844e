import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const root = process.cwd();
/** What the pages have introduced by the time they show a piece of code. */
const prelude =
  "import type { EtcdClient as Client } from 'nestjs-etcd/client';\ndeclare global { const etcd: Client; }\n";

const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))].filter(
  (name) => name.endsWith('.md'),
);
const blocks = pages.flatMap((page) =>
  codeOf(page).map((code, number) => ({ page, number: number + 1, code })),
);

describe('the code in README and docs', () => {
  let directory: string;
  let problems: Map<string, string[]>;

  beforeAll(() => {
    // Inside the project, so that the packages it imports are found.
    directory = mkdtempSync(join(root, 'node_modules', '.cache', 'code-blocks-'));
    problems = typeCheck(directory);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is there', () => {
    expect(blocks.length).toBeGreaterThan(5);
  });

  it.each(blocks.map(({ page, number }) => [page, number] as const))(
    '%s, block %i compiles',
    (page, number) => {
      expect(problems.get(fileName(page, number)) ?? []).toEqual([]);
    },
  );
});

function codeOf(page: string): string[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code = '']) => code,
  );
}

function fileName(page: string, number: number): string {
  return `${page.replace(/\W/g, '-')}-${number}.ts`;
}

function typeCheck(directory: string): Map<string, string[]> {
  writeFileSync(join(directory, 'prelude.ts'), prelude);
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  for (const { page, number, code } of blocks)
    writeFileSync(join(directory, fileName(page, number)), `${code}\nexport {};\n`);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, emitDecoratorMetadata: false },
    root,
  );
  const program = ts.createProgram(
    readdirSync(directory).filter((name) => name.endsWith('.ts')).map((name) => join(directory, name)), // prettier-ignore
    { ...options, noEmit: true },
  );
  const problems = new Map<string, string[]>();
  for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
    const name = file?.fileName.split('/').at(-1) ?? 'prelude.ts';
    problems.set(name, [...(problems.get(name) ?? []), ts.flattenDiagnosticMessageText(messageText, '\n')]);
  }
  return problems;
}
