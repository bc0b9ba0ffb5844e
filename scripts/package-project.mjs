import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runTwice } from './run-twice.mjs';

const fixtures = fileURLToPath(new URL('../test/package/', import.meta.url));
const isWindows = process.platform === 'win32';

/** How long one step may take, in milliseconds. A handle that the package left open would keep a process until then. */
const patience = 180_000;
/** The same of an installation, which waits for a registry. */
const installPatience = 600_000;

/** What Node runs in each project once it is compiled. */
const programs = {
  'client-only': [['main.mjs']],
  'nest-11-cjs': [['dist/main.js'], ['node_modules/jest/bin/jest.js']],
  'nest-11-esm': [['dist/main.js']],
  // No jest: Nest 12 is ES modules only, which jest in CommonJS cannot load before Node 24.9.
  'nest-12-cjs': [['dist/main.js']],
  'nest-12-esm': [['dist/main.js']],
};

export const projectNames = /** @type {(keyof typeof programs)[]} */ (Object.keys(programs));

/** An application of `test/package`, copied out of this project, with the packed tarball installed. */
export class PackageProject {
  /** @param {keyof typeof programs} name */
  constructor(name) {
    this.name = name;
    this.parent = mkdtempSync(join(tmpdir(), 'nestjs-etcd-'));
    this.directory = join(this.parent, name);
    cpSync(join(fixtures, name), this.directory, { recursive: true });
    if (name === 'client-only') return;
    for (const [from, to] of [['nest/src', `${name}/src`], ['nest/tsconfig.app.json']])
      cpSync(join(fixtures, from), join(this.parent, to ?? from), { recursive: true });
  }

  /**
   * Installs the tarball and compiles, without `skipLibCheck`, so that the types that are published are checked too.
   *
   * @param {string} tarball
   */
  install(tarball) {
    const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', tarball];
    // Nest is a peer, and npm installs peers by itself; an application without Nest must not need it.
    if (this.name === 'client-only') args.push('--omit=peer', '--legacy-peer-deps');
    this.#install(args);
    this.#run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], process.env);
  }

  /** The versions that are installed here. */
  versions() {
    const names = ['@nestjs/core', '@nestjs/terminus', '@nestjs/config', 'typescript'];
    return names.flatMap((name) => {
      try {
        const file = join(this.directory, 'node_modules', name, 'package.json');
        return [`${name} ${JSON.parse(readFileSync(file, 'utf8')).version}`];
      } catch {
        return [];
      }
    });
  }

  /**
   * Runs the programs with one version of Node, on an etcd that the package's own command serves.
   *
   * @param {string} node
   */
  async test(node) {
    const path = `${dirname(node)}${delimiter}${process.env['PATH']}`;
    const etcd = await this.#serve({ ...process.env, PATH: path });
    try {
      for (const args of programs[this.name])
        this.#run(node, args, { ...process.env, PATH: path, ETCD_URL: etcd.url });
    } finally {
      await etcd.stop();
    }
  }

  remove() {
    rmSync(this.parent, { recursive: true, force: true });
  }

  /** @param {NodeJS.ProcessEnv} env @returns {Promise<{ url: string, stop: () => Promise<void> }>} */
  async #serve(env) {
    const args = ['--no-install', 'nestjs-etcd', 'serve', '--port', '0'];
    // npx passes no signal on, so that it and its child get a process group, which is ended as one.
    const npx = spawn('npx', args, { cwd: this.directory, env, detached: !isWindows, shell: isWindows });
    let output = '';
    npx.stderr.on('data', (chunk) => (output += chunk));
    const closed = new Promise((resolve) => npx.once('close', resolve));
    const stop = async () => {
      if (npx.pid === undefined || npx.exitCode !== null) return;
      if (isWindows) spawnSync('taskkill', ['/pid', String(npx.pid), '/t', '/f']);
      else process.kill(-npx.pid, 'SIGTERM');
      await closed;
    };
    const timer = setTimeout(() => void stop(), patience);
    try {
      return await new Promise((resolve, reject) => {
        npx.once('error', reject);
        npx.stdout.on('data', (chunk) => {
          output += chunk;
          const url = /http:\/\/[\d.]+:\d+/.exec(output)?.[0];
          if (url !== undefined) resolve({ url, stop });
        });
        void closed.then(() => reject(new Error(`npx ${args.join(' ')} ended:\n${output}`)));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {string} command
   * @param {string[]} args
   * @param {NodeJS.ProcessEnv} env
   */
  #run(command, args, env) {
    const options = { cwd: this.directory, env, timeout: patience };
    assertSuccess(args, spawnSync(command, args, { ...options, encoding: 'utf8' }));
  }

  /** @param {string[]} args of npm */
  #install(args) {
    const options = { cwd: this.directory, shell: isWindows, timeout: installPatience };
    assertSuccess(
      args,
      runTwice(() => spawnSync('npm', args, { ...options, encoding: 'utf8' })),
    );
  }
}

/**
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncReturns<string>} result
 */
function assertSuccess(args, { status, error, stdout, stderr }) {
  if (status === 0) return;
  const reason = error === undefined ? '' : `: ${error.message}`;
  throw new Error(`${args.join(' ')} failed${reason}\n${stdout}${stderr}`);
}
