import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

// Each format is a few files, because reading and linking 220 small modules takes Node a tenth of a second. All entry points are
// bundled together: what they share is in a chunk, so that a class exists once per format.

const root = dirname(fileURLToPath(import.meta.url));
/** Where the build goes, until `scripts/build.mjs` moves it to `dist/`. */
const directory = process.env['BUILD_DIRECTORY'] ?? join(root, 'dist');
const entries = ['index', 'client/index', 'health/index', 'testing/index', 'cli/main'];

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
const { options: compilerOptions } = ts.convertCompilerOptionsFromJson(
  {
    ...config.compilerOptions,
    module: 'esnext',
    moduleResolution: 'bundler',
    importHelpers: true,
    // The documentation is in the declarations, and what the other comments explain is in `lib/`.
    removeComments: true,
    sourceMap: true,
    noEmit: false,
  },
  root,
);

/** TypeScript's own compiler, which emits the decorator metadata that Nest injects by. */
const typescript = {
  name: 'typescript',
  resolveId(source, importer) {
    if (source === 'tslib') return createRequire(import.meta.url).resolve('tslib/tslib.es6.mjs');
    if (importer === undefined || !source.startsWith('.')) return null;
    return resolve(dirname(importer), source.replace(/\.js$/, '.ts'));
  },
  transform(code, id) {
    if (!id.endsWith('.ts')) return null;
    const { outputText, sourceMapText } = ts.transpileModule(code, { fileName: id, compilerOptions });
    // Node reads a file of nothing but ASCII faster. Without the comments, what is not is in strings.
    const ascii = outputText.replace(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    return { code: ascii, map: JSON.parse(sourceMapText) };
  },
};

/** @param {'esm' | 'cjs'} format */
function output(format) {
  return {
    format,
    dir: join(directory, format),
    // Without their content, which would be most of the package: they tell the line in `lib/`.
    sourcemap: true,
    sourcemapExcludeSources: true,
    sourcemapPathTransform: (path, map) =>
      relative(resolve(root, 'dist', relative(directory, dirname(map))), resolve(dirname(map), path)),
    chunkFileNames: 'chunks/[name].js',
    manualChunks: (id) => (/[\\/](lib[\\/]client|tslib)[\\/]/.test(id) ? 'client' : undefined),
    onlyExplicitManualChunks: true,
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    exports: 'named',
    generatedCode: 'es2015',
    externalLiveBindings: false,
    freeze: false,
    // undici stays lazy, and is required: jest has no `import()` in CommonJS.
    dynamicImportInCjs: false,
  };
}

export default {
  input: Object.fromEntries(entries.map((name) => [name, join(root, 'lib', `${name}.ts`)])),
  external: (id) => /^[@\w]/.test(id) && id !== 'tslib' && !/^[A-Za-z]:/.test(id),
  plugins: [typescript],
  output: [output('esm'), output('cjs')],
  onwarn: (warning) => {
    throw new Error(warning.message);
  },
};
