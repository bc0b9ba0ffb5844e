import { AuthError, type Permissions, type Role, type UserRequest } from './auth-types.js';

/** Reads what a request says of a user, as leniently as Go does. All texts are byte strings. @throws {AuthError} */
export function readUser(body: string): UserRequest {
  const fields = fieldsOf(parse(body));
  return {
    user: string(fields.get('user')),
    password: string(fields.get('password')),
    roles: strings(fields.get('roles')),
    grant: strings(fields.get('grant')) ?? [],
    revoke: strings(fields.get('revoke')) ?? [],
  };
}

/** Reads what a request says of a role. @throws {AuthError} */
export function readRole(body: string): Role {
  const fields = fieldsOf(parse(body));
  const given = (name: string) => fields.get(name) ?? undefined;
  return {
    role: string(fields.get('role')),
    permissions: permissions(fields.get('permissions')),
    grant: given('grant') === undefined ? undefined : permissions(fields.get('grant')),
    revoke: given('revoke') === undefined ? undefined : permissions(fields.get('revoke')),
  };
}

function permissions(value: unknown): Permissions {
  const kv = fieldsOf(fieldsOf(value).get('kv'));
  return { read: strings(kv.get('read')), write: strings(kv.get('write')) };
}

function invalid(): AuthError {
  return new AuthError(400, 'Invalid JSON in request body.');
}

/** The first value of a text; what follows it does not matter. */
function parse(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body.slice(0, endOfValue(body)), 'latin1').toString('utf8'));
  } catch {
    throw invalid();
  }
}

/** Where an object ends; the whole text if it is something else. */
function endOfValue(text: string): number {
  if (/^\s*null/.test(text)) return text.indexOf('null') + 4;
  let depth = 0;
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    if (token[0] === '{' || token[0] === '[') depth++;
    else if (token[0] === '}' || token[0] === ']') depth--;
    if (depth === 0) return tokens.lastIndex;
  }
  return text.length;
}

/** The fields of an object by their names in lower case: Go does not tell them apart. */
function fieldsOf(value: unknown): Map<string, unknown> {
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid();
  return new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
}

function string(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw invalid();
  return Buffer.from(value, 'utf8').toString('latin1');
}

function strings(value: unknown): string[] | null {
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw invalid();
  return value.map(string);
}
