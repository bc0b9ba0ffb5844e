import { transformFile } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The package as users load it, compiled from `lib/` both ways into a temporary directory. */
export interface CompiledPackage extends Disposable {
  /** File of the ES module's entry. */
  readonly esm: string;
  /** File of the CommonJS module's entry. */
  readonly cjs: string;
}

/** Compiles `lib/` for a process of its own, without touching `dist/`. */
export async function compilePackage(): Promise<CompiledPackage> {
  const directory = mkdtempSync(join(tmpdir(), 'package-'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(directory, 'node_modules'));
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'),
  );
  await Promise.all(
    (['es6', 'commonjs'] as const).map(async (type) => {
      mkdirSync(join(directory, type));
      const kind = type === 'es6' ? 'module' : 'commonjs';
      writeFileSync(join(directory, type, 'package.json'), JSON.stringify({ type: kind }));
      for (const source of sources) {
        const { code } = await transformFile(join('lib', source), { module: { type }, sourceMaps: false });
        const target = join(directory, type, source.replace(/\.ts$/, '.js'));
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, code);
      }
    }),
  );
  return {
    esm: join(directory, 'es6', 'index.js'),
    cjs: join(directory, 'commonjs', 'index.js'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
