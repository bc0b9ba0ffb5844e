import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { installDependencies } from './install-dependencies.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

// Makes the pages of the API, as typedoc.json says.
installDependencies();
const typedoc = fileURLToPath(new URL('../node_modules/typedoc/bin/typedoc', import.meta.url));
const { status } = spawnSync(process.execPath, [typedoc], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
