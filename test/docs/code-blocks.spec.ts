import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const root = process.cwd();
/** Names that pages use without an import once they have shown where they come from. */
const imports: Readonly<Record<string, readonly string[]>> = {
  'nestjs-etcd': [
    'EtcdClient',
    'EtcdModule',
    'type EtcdModuleOptions',
    'type EtcdOptionsFactory',
    'EtcdService',
    'EtcdWatch',
    'type EtcdEvent',
    'InjectEtcd',
    'ETCD_MODULE_OPTIONS',
    'EtcdIndeterminateError',
    'EtcdKeyNotFoundError',
    'EtcdNode',
    'type EtcdResult',
  ],
  '@nestjs/common': ['Injectable', 'Module', 'type DynamicModule'],
  '@nestjs/testing': ['Test'],
  zod: ['z'],
};

/** What stands for the reader's own things. */
const prelude = `
import type { EtcdClient as Client, EtcdModuleOptions as Options, EtcdService as Service } from 'nestjs-etcd';
declare global {
  const etcd: Client, root: Client, service: Service;
  const rootPassword: string, userId: string, theme: string, ca: string, bytes: Uint8Array;
  const auditOptions: () => Options;
  class AppModule {}
  class ConfigModule {}
  class ConfigService { getOrThrow<T = string>(name: string): T }
}
`;

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

/** The imports that a block leaves out, in one line. */
function missingImports(code: string): string {
  const has = (name: string) => new RegExp(`import [^;]*\\b${name}\\b[^;]* from`).test(code);
  return Object.entries(imports)
    .map(
      ([module, names]) =>
        [module, names.filter((name) => code.includes(name.replace('type ', '')) && !has(name))] as const,
    )
    .filter(([, names]) => names.length > 0)
    .map(([module, names]) => `import { ${names.join(', ')} } from '${module}';`)
    .join(' ');
}

function typeCheck(directory: string): Map<string, string[]> {
  writeFileSync(join(directory, 'prelude.ts'), prelude);
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  for (const { page, number, code } of blocks)
    writeFileSync(join(directory, fileName(page, number)), `${missingImports(code)}${code}\nexport {};\n`);
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
