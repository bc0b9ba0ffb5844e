import type { JsonApi } from '../cluster/json-api.js';
import { nothing } from '../cluster/json-api.js';
import { EtcdOptionsError, EtcdResponseError } from '../errors/index.js';
import {
  isObject,
  objectField,
  parseObject,
  requiredText,
  textList,
  wrongType,
  type JsonObject,
} from '../http/json.js';
import { checkNames, show } from '../options/check.js';
import type { EtcdCallOptions } from '../options/index.js';
import { namePath } from './names.js';

/** Patterns of keys: a path, or the beginning of paths when its last character is `*`. */
export interface EtcdPermissions {
  /** Keys that may be read and watched. */
  readonly read?: string | readonly string[];
  /** Keys that may be written. */
  readonly write?: string | readonly string[];
}

/** A role of etcd v2's auth: what its users may do with keys. */
export interface EtcdRole {
  /** Its name, by which users are granted it. */
  readonly name: string;
  /** Patterns of keys, such as `/app/*`, that may be read and written; `undefined` in lists of etcd before 2.3, which tell the names only. */
  readonly permissions: { readonly read: readonly string[]; readonly write: readonly string[] } | undefined;
}

const permissionNames = new Set(['read', 'write']);

/** The roles of etcd v2's auth. Every request needs the role `root` once auth is enabled. */
export class EtcdRoles {
  readonly #api: JsonApi;

  /** @internal Made by the client. */
  constructor(api: JsonApi) {
    this.#api = api;
  }

  /** All roles, ordered by name; `root` is always among them: `GET /v2/auth/roles`. */
  async list(options: EtcdCallOptions = {}): Promise<EtcdRole[]> {
    return this.#api.get('/v2/auth/roles', options, ({ body }) => {
      const roles = parseObject(body)['roles'] ?? [];
      if (!Array.isArray(roles)) throw wrongType('roles', 'a list');
      return roles.map(readRole);
    });
  }

  /** One role: `GET /v2/auth/roles/NAME`. @throws {EtcdNotFoundError} */
  async get(name: string, options: EtcdCallOptions = {}): Promise<EtcdRole> {
    return this.#api.get(namePath('roles', name), options, ({ body }) => readRole(parseObject(body)));
  }

  /** Creates a role: `PUT /v2/auth/roles/NAME`. @throws {EtcdConflictError} when it exists */
  async create(
    name: string,
    permissions: EtcdPermissions = {},
    options: EtcdCallOptions = {},
  ): Promise<EtcdRole> {
    const body = { role: name, permissions: { kv: patterns(permissions) } };
    return this.#api.put(namePath('roles', name), body, options, (answer) =>
      readRole(parseObject(answer.body)),
    );
  }

  /** Removes a role: `DELETE /v2/auth/roles/NAME`. @throws {EtcdNotFoundError}, {@link EtcdForbiddenError} for `root` */
  async delete(name: string, options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.delete(namePath('roles', name), options);
  }

  /** Adds permissions: `PUT /v2/auth/roles/NAME`. @throws {EtcdConflictError} for one that it has, {@link EtcdNotFoundError} */
  async grant(name: string, permissions: EtcdPermissions, options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.put(
      namePath('roles', name),
      { role: name, grant: { kv: somePatterns(permissions) } },
      options,
      nothing,
    );
  }

  /** Takes permissions away, passing over those that it does not have: `PUT /v2/auth/roles/NAME`. @throws {EtcdNotFoundError} */
  async revoke(name: string, permissions: EtcdPermissions, options: EtcdCallOptions = {}): Promise<void> {
    return this.#api.put(
      namePath('roles', name),
      { role: name, revoke: { kv: somePatterns(permissions) } },
      options,
      nothing,
    );
  }
}

/** A role as every version writes it: its name, or an object. */
export function readRole(raw: unknown): EtcdRole {
  if (typeof raw === 'string') return { name: raw, permissions: undefined };
  if (!isObject(raw))
    throw new EtcdResponseError('The answer holds a role that is neither a name nor an object.');
  const name = requiredText(raw, 'role');
  if (raw['permissions'] === undefined) return { name, permissions: undefined };
  const kv: JsonObject = objectField(objectField(raw, 'permissions'), 'kv');
  return { name, permissions: { read: textList(kv, 'read'), write: textList(kv, 'write') } };
}

function patterns(permissions: EtcdPermissions): { read: readonly string[]; write: readonly string[] } {
  checkNames('permissions', permissions, permissionNames);
  return {
    read: patternList('permissions.read', permissions.read),
    write: patternList('permissions.write', permissions.write),
  };
}

/** A change of nothing is a creation for etcd, of a role that nobody has asked for. */
function somePatterns(permissions: EtcdPermissions): ReturnType<typeof patterns> {
  const some = patterns(permissions);
  if (some.read.length + some.write.length === 0)
    throw new EtcdOptionsError(
      'permissions',
      "expected `read` or `write` with a pattern such as '/app/*', got neither",
    );
  return some;
}

function patternList(option: string, value: string | readonly string[] = []): readonly string[] {
  const list = typeof value === 'string' ? [value] : value;
  // An empty pattern makes every request that is compared with it crash inside the server.
  if (
    !Array.isArray(list) ||
    !list.every((pattern) => typeof pattern === 'string' && /^[/*]/.test(pattern))
  ) {
    throw new EtcdOptionsError(
      option,
      `expected patterns such as '/app/*', each with a slash or an asterisk at its start, got ${show(value)}`,
    );
  }
  return list;
}
