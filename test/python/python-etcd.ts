import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

import { installDebianPackage } from '../support/debian-package.js';

/** Debian's own Python: the one that its packages install modules for. */
export const python = '/usr/bin/python3';

/** python-etcd, or in a sentence why it is not there. */
export type PythonEtcd = { readonly run: RunPython } | { readonly missing: string };

/** Runs a program with `client` and `auth` (of python-etcd) at hand; gives what it assigns to `answer`. */
export type RunPython = (url: string, program: string) => Promise<unknown>;

const canImport = () => spawnSync(python, ['-c', 'import etcd']).status === 0;

/** Finds python-etcd, and installs Debian's package where it is missing and this process may. */
export function findPythonEtcd(): PythonEtcd {
  if (canImport()) return { run };
  const problem = installDebianPackage('python3-etcd');
  if (canImport()) return { run };
  return { missing: `${python} has no module etcd: ${problem ?? 'it is for another Python'}` };
}

/** What programs begin with: their first argument is the address. */
export const prelude = `
import json, sys, etcd, etcd.auth
from urllib.parse import urlparse
address = urlparse(sys.argv[1])
client = etcd.Client(host=address.hostname, port=address.port, read_timeout=10)
`;

export const pythonEnvironment = {
  PATH: process.env['PATH'],
  PYTHONIOENCODING: 'utf-8',
  PYTHONUTF8: '1',
};

const run: RunPython = async (url, program) => {
  const words = ['-W', 'ignore', '-c', `${prelude}${program}\nprint(json.dumps(answer))`, url];
  const { stdout } = await promisify(execFile)(python, words, {
    env: pythonEnvironment,
    timeout: 20_000,
  });
  return JSON.parse(stdout) as unknown;
};
