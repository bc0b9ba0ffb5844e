import type { JsonApi } from '../cluster/json-api.js';
import { nothing } from '../cluster/json-api.js';
import { EtcdConflictError, EtcdNotFoundError, EtcdResponseError } from '../errors/index.js';
import { isObject, parseObject, requiredText, wrongType } from '../http/json.js';
import type { EtcdCallOptions } from '../options/index.js';
import { checkPassword, nameList, namePath, someNames } from './names.js';
import { readRole } from './roles.js';

/** A user of etcd v2's auth; its password is never told. */
export interface EtcdUser {
  /** Its name, with which it signs in. */
  readonly name: string;
  /** Names of its roles; `undefined` in lists of etcd before 2.3, which tell the users' names only. */
  readonly roles: readonly string[] | undefined;
}

/** The users of etcd v2's auth. Every request needs the role `root` once auth is enabled. */
export class EtcdUsers {
  readonly #api: JsonApi;

  /** @internal Made by the client. */
  constructor(api: JsonApi) {
    this.#api = api;
  }

  /** All users, ordered by name: `GET /v2/auth/users`. */
  async list(options: EtcdCallOptions = {}): Promise<EtcdUser[]> {
    return this.#api.get('/v2/auth/users', options, ({ body }) => {
      const users = parseObject(body)['users'] ?? [];
      if (!Array.isArray(users)) throw wrongType('users', 'a list');
      return users.map(readUser);
    });
  }

  /** One user: `GET /v2/auth/users/NAME`. @throws {EtcdNotFoundError}, also when one of the user's roles was removed */
  async get(name: string, options: EtcdCallOptions = {}): Promise<EtcdUser> {
    return this.#api.get(namePath('users', name), options, ({ body }) => readUser(parseObject(body)));
  }

  /**
   * Creates a user, with roles or without: `PUT /v2/auth/users/NAME`; without roles it looks first whether the user
   * exists. @throws {EtcdConflictError} when it does
   */
  async create(
    name: string,
    password: string,
    roles: string | readonly string[] = [],
    options: EtcdCallOptions = {},
  ): Promise<EtcdUser> {
    checkPassword(password);
    const path = namePath('users', name);
    const body = { user: name, password, roles: nameList('roles', roles) };
    const rest = this.#oneDeadline(options);
    // For a user that exists, the same PUT without roles would change the password.
    if (body.roles.length === 0 && (await this.#absence(name, rest)) === undefined)
      throw new EtcdConflictError(`PUT ${path}: the user exists already.`);
    return this.#api.put(path, body, rest(), (answer) => readUser(parseObject(answer.body)));
  }

  /** Removes a user: `DELETE /v2/auth/users/NAME`. @throws {EtcdNotFoundError}, {@link EtcdForbiddenError} for `root` while auth is enabled */
  async delete(name: string, options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.delete(namePath('users', name), options);
  }

  /** Gives a user another password: looks whether it exists, then `PUT /v2/auth/users/NAME`. @throws {EtcdNotFoundError} */
  async changePassword(name: string, password: string, options: EtcdCallOptions = {}): Promise<void> {
    checkPassword(password);
    const rest = this.#oneDeadline(options);
    // For a user that does not exist, the same PUT would create one.
    const absence = await this.#absence(name, rest);
    if (absence !== undefined) throw absence;
    return this.#api.put(namePath('users', name), { user: name, password }, rest(), nothing);
  }

  /** Gives a user roles: `PUT /v2/auth/users/NAME`. @throws {EtcdConflictError} for one that it has, {@link EtcdNotFoundError} */
  async grant(name: string, roles: string | readonly string[], options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.put(
      namePath('users', name),
      { user: name, grant: someNames('roles', roles) },
      options,
      nothing,
    );
  }

  /** Takes roles from a user: `PUT /v2/auth/users/NAME`. @throws {EtcdConflictError} for one that it has not, {@link EtcdNotFoundError} */
  async revoke(
    name: string,
    roles: string | readonly string[],
    options: EtcdCallOptions = {},
  ): Promise<void> {
    return this.#api.put(
      namePath('users', name),
      { user: name, revoke: someNames('roles', roles) },
      options,
      nothing,
    );
  }

  /** etcd's 404, unless the user exists: one that has a removed role is answered 404 as well, and still listed. */
  async #absence(name: string, rest: () => EtcdCallOptions): Promise<EtcdNotFoundError | undefined> {
    try {
      await this.get(name, rest());
      return undefined;
    } catch (error) {
      if (!(error instanceof EtcdNotFoundError)) throw error;
      const users = await this.list(rest());
      return users.some((user) => user.name === name) ? undefined : error;
    }
  }

  /** The options of each request of one call, whose deadline is for all of them. */
  #oneDeadline(options: EtcdCallOptions): () => EtcdCallOptions {
    const call = this.#api.call(options, 'auth.users');
    return () => ({ ...options, timeout: Math.max(1, call.remaining()) });
  }
}

/** A user as every version writes it: its name, or an object whose roles are names or objects. */
function readUser(raw: unknown): EtcdUser {
  if (typeof raw === 'string') return { name: raw, roles: undefined };
  if (!isObject(raw))
    throw new EtcdResponseError('The answer holds a user that is neither a name nor an object.');
  const roles = raw['roles'] ?? [];
  if (!Array.isArray(roles)) throw wrongType('roles', 'a list');
  return { name: requiredText(raw, 'user'), roles: roles.map((role) => readRole(role).name) };
}
