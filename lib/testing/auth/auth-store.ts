import { type AuthSnapshot, toByteStrings, toTexts } from './auth-snapshot.js';
import {
  AuthError,
  everything,
  type Permissions,
  type Role,
  type User,
  type UserRequest,
} from './auth-types.js';
import { allows } from './patterns.js';

/** The users and roles, and whether they matter (protocol page, 5). Names and passwords are byte strings. */
export class AuthStore {
  #users = new Map<string, User>();
  #roles = new Map<string, Role>();
  #enabled = false;
  #configured = false;

  /** @param commit takes up an index of the store for a change */
  constructor(private readonly commit: () => void) {}

  get enabled(): boolean {
    return this.#enabled;
  }

  /** Whether anything was ever written, so that there is a flag to read. */
  get configured(): boolean {
    return this.#configured;
  }

  snapshot(): AuthSnapshot {
    const users = [...this.#users.values()];
    const roles = [...this.#roles.values()];
    return toTexts({ enabled: this.#enabled, configured: this.#configured, users, roles });
  }

  restore(snapshot: AuthSnapshot): void {
    const { enabled, configured, users, roles } = toByteStrings(snapshot);
    this.#enabled = enabled;
    this.#configured = configured;
    this.#users = new Map(users.map((each) => [each.user, each]));
    this.#roles = new Map(roles.map((each) => [each.role, each]));
  }

  /** All users by name, but those that the store hides. */
  users(): User[] {
    return visible(this.#users).map(withRoot);
  }

  user(name: string): User {
    const user = this.#users.get(name);
    if (user === undefined) throw new AuthError(404, `auth: User ${name} does not exist.`);
    return withRoot(user);
  }

  /** All roles by name, but those that the store hides; `root` is always there. */
  roles(): Role[] {
    return visible(new Map([...this.#roles, ['root', { role: 'root', permissions: everything }]]));
  }

  role(name: string): Role {
    if (name === 'root') return { role: name, permissions: everything };
    const role = this.#roles.get(name);
    if (role === undefined) throw new AuthError(404, `auth: Role ${name} does not exist.`);
    return role;
  }

  createUser({ user, password, roles }: UserRequest): User {
    this.#configure();
    if (password === '') throw new AuthError(400, `auth: Cannot create user ${user} with an empty password`);
    if (this.#users.has(user)) throw new AuthError(409, `auth: User ${user} already exists.`);
    return this.#saveUser(withRoot({ user, password, roles }));
  }

  hasUser(name: string): boolean {
    return this.#users.has(name);
  }

  updateUser({ user, password, grant, revoke }: UserRequest): User {
    this.#configure();
    const old = this.user(user);
    const roles = new Set(old.roles);
    for (const role of grant) {
      if (roles.has(role)) throw new AuthError(409, `auth: Granting duplicate role ${role} for user ${user}`);
      roles.add(role);
    }
    for (const role of revoke) {
      if (!roles.has(role))
        throw new AuthError(409, `auth: Revoking ungranted role ${role} for user ${user}`);
      roles.delete(role);
    }
    const sorted = [...roles].sort();
    if (password === '' && isSame(sorted, old.roles)) {
      throw new AuthError(400, 'auth: User not updated. Use grant/revoke/password to update the user.');
    }
    return this.#saveUser({ user, password: password || old.password, roles: sorted });
  }

  deleteUser(name: string): void {
    this.#configure();
    if (this.#enabled && name === 'root') {
      throw new AuthError(403, 'auth: Cannot delete root user while auth is enabled.');
    }
    if (!this.#users.delete(name)) throw new AuthError(404, `auth: User ${name} does not exist`);
    this.commit();
  }

  createRole(role: Role): Role {
    refuseRoot(role.role);
    this.#configure();
    if (this.#roles.has(role.role)) throw new AuthError(409, `auth: Role ${role.role} already exists.`);
    return this.#saveRole(role);
  }

  updateRole({ role: name, grant, revoke }: Role): Role {
    refuseRoot(name);
    this.#configure();
    const old = this.role(name);
    const read = changed(old.permissions.read, grant?.read, revoke?.read, 'read');
    const write = changed(old.permissions.write, grant?.write, revoke?.write, 'write');
    if (isSame(read, old.permissions.read) && isSame(write, old.permissions.write)) {
      throw new AuthError(400, 'auth: Role not updated. Use grant/revoke to update the role.');
    }
    return this.#saveRole({ role: name, permissions: { read, write } });
  }

  deleteRole(name: string): void {
    refuseRoot(name);
    this.#configure();
    if (!this.#roles.delete(name)) throw new AuthError(404, `auth: Role ${name} doesn't exist.`);
    this.commit();
  }

  enable(): void {
    if (this.#enabled) throw new AuthError(409, 'auth: already enabled');
    this.#configure();
    if (!this.#users.has('root')) throw new AuthError(409, 'auth: No root user available, please create one');
    if (!this.#roles.has('guest')) this.#saveRole({ role: 'guest', permissions: everything });
    this.#enabled = true;
    this.commit();
  }

  disable(): void {
    if (!this.#enabled) throw new AuthError(409, 'auth: already disabled');
    this.#enabled = false;
    this.commit();
  }

  /** Whether a request may change users, roles and members. @param authorization the header of that name */
  allowsRoot(authorization: string | undefined): boolean {
    if (!this.#enabled) return true;
    return this.#authenticate(authorization)?.roles?.includes('root') === true;
  }

  /**
   * Whether a request may read or write a key.
   *
   * @param path what stands after `/v2/keys`, as it was sent
   * @throws {HandlerCrash}
   */
  allowsKey(
    authorization: string | undefined,
    side: keyof Permissions,
    path: string,
    recursive: boolean,
  ): boolean {
    if (!this.#enabled) return true;
    if (!authorization) {
      // Guests may ask for everything below what they may see.
      return allows(this.#roles.get('guest')?.permissions[side] ?? [], path, false);
    }
    const user = this.#authenticate(authorization);
    return (user?.roles ?? []).some((name) => {
      if (name === 'root') return true;
      return allows(this.#roles.get(name)?.permissions[side] ?? [], path, recursive);
    });
  }

  #authenticate(authorization = ''): User | undefined {
    const [name, password] = credentials(authorization);
    const user = name === undefined ? undefined : this.#users.get(name);
    if (user === undefined) return undefined;
    return user.password === password ? withRoot(user) : undefined;
  }

  /** The first change makes the directories that all of them are in, and the flag. */
  #configure(): void {
    if (this.#configured) return;
    this.#configured = true;
    for (let i = 0; i < 4; i++) this.commit();
  }

  #saveUser(user: User): User {
    this.#users.set(user.user, user);
    this.commit();
    return user;
  }

  #saveRole(role: Role): Role {
    this.#roles.set(role.role, role);
    this.commit();
    return role;
  }
}

function visible<T>(all: ReadonlyMap<string, T>): T[] {
  const names = [...all.keys()].filter((name) => !name.startsWith('_')).sort();
  return names.flatMap((name) => all.get(name) ?? []);
}

/** The user `root` has the role of that name, even if it was taken away. */
function withRoot(user: User): User {
  if (user.user !== 'root' || user.roles?.includes('root') === true) return user;
  return { ...user, roles: [...(user.roles ?? []), 'root'] };
}

function refuseRoot(role: string): void {
  if (role === 'root') throw new AuthError(403, `auth: Cannot modify role ${role}: is root role.`);
}

/** One side of a role's permissions after a change. */
function changed(
  old: readonly string[] | null,
  grant: readonly string[] | null = null,
  revoke: readonly string[] | null = null,
  side: keyof Permissions,
): readonly string[] {
  const patterns = new Set(old);
  for (const pattern of grant ?? []) {
    if (patterns.has(pattern))
      throw new AuthError(409, `auth: Granting duplicate ${side} permission ${pattern}`);
    patterns.add(pattern);
  }
  for (const pattern of revoke ?? []) patterns.delete(pattern);
  return [...patterns].sort();
}

/** Whether a change is none, in etcd's eyes: another order is one, and so is an empty list that was `null`. */
function isSame(after: readonly string[], before: readonly string[] | null): boolean {
  return before !== null && after.length === before.length && after.every((each, i) => each === before[i]);
}

/** What Basic authentication says. */
function credentials(authorization: string): [name?: string, password?: string] {
  const encoded = /^basic (.*)$/i.exec(authorization)?.[1];
  if (
    encoded === undefined ||
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)
  ) {
    return [];
  }
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  return colon < 0 ? [] : [decoded.slice(0, colon), decoded.slice(colon + 1)];
}
