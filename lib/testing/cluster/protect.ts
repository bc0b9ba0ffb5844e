import { everything } from '../auth/index.js';
import type { EmbeddedAuth } from '../embedded-options.js';
import type { Command } from './replica.js';

/** Makes the user `root`, and lets requests without credentials do nothing, unless told otherwise. */
export function protect({ password, guest = false }: EmbeddedAuth): Command<void> {
  const bytes = Buffer.from(password, 'utf8').toString('latin1');
  return ({ auth }) => {
    auth.createUser({ user: 'root', password: bytes, roles: null, grant: [], revoke: [] });
    auth.enable();
    if (!guest) auth.updateRole({ role: 'guest', permissions: everything, revoke: everything });
  };
}
