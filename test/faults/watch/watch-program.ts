import { join } from 'node:path';

import { Program } from '../cluster/program.js';

/** One of the `programs` of this directory, in a process of its own. @param entry the compiled package's file */
export function watchProgram(name: string, entry: string, ...args: string[]): Program {
  return new Program(join('..', '..', 'watch', 'programs', name), entry, ...args);
}
