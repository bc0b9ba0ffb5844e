import { EtcdOptionsError } from '../errors/index.js';
import { checkText, show } from '../options/check.js';

/** The path of a user or a role. @throws {EtcdOptionsError} for a name that no path can carry */
export function namePath(kind: 'users' | 'roles', name: unknown): string {
  const option = kind === 'users' ? 'user' : 'role';
  checkText(option, name);
  if (name.includes('/') || name === '.' || name === '..') {
    throw new EtcdOptionsError(
      option,
      `etcd v2 cannot hold the name ${show(name)}, because it stands in a path; choose one without slashes and dot segments`,
    );
  }
  if (option === 'user' && name.includes(':'))
    throw new EtcdOptionsError(
      option,
      `basic auth cannot carry the name ${show(name)}; choose one without \`:\``,
    );
  try {
    return `/v2/auth/${kind}/${encodeURIComponent(name)}`;
  } catch {
    throw new EtcdOptionsError(
      option,
      `${show(name)} holds half a surrogate pair, which is no text that can be sent`,
    );
  }
}

export function nameList(option: string, names: string | readonly string[]): readonly string[] {
  const list = typeof names === 'string' ? [names] : names;
  if (!Array.isArray(list))
    throw new EtcdOptionsError(option, `expected a name or a list of names, got ${show(names)}`);
  for (const name of list) checkText(option, name);
  return list;
}

/** As {@link nameList}, with at least one name: a change of nothing is something else for etcd. */
export function someNames(option: string, names: string | readonly string[]): readonly string[] {
  const list = nameList(option, names);
  if (list.length === 0) throw new EtcdOptionsError(option, 'expected at least one name, got []');
  return list;
}

export function checkPassword(password: unknown): asserts password is string {
  // The value is not shown, whatever it is.
  if (typeof password !== 'string' || password === '')
    throw new EtcdOptionsError('password', 'expected a text that is not empty');
}
