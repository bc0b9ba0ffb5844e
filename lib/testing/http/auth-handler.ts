import {
  AuthError,
  type AuthStore,
  isEmpty,
  type Permissions,
  readRole,
  readUser,
  type Role,
  type User,
} from '../auth/index.js';
import { type Member, ProposalTimeout } from '../cluster/index.js';
import { type Answer, json, methodNotAllowed, notFound } from './answer.js';
import type { EtcdRequest } from './etcd-request.js';
import { jsonString, messageJson } from './json.js';

/** Answers a request below `/v2/auth` (protocol page, 5). */
export function answerAuth(member: Member, request: EtcdRequest): Answer | Promise<Answer> {
  const [, , , kind = '', ...names] = request.path.split('/');
  // A last slash does not matter.
  const name = names.join('/').replace(/\/$/, '');
  if (kind === 'enable' && names.length === 0) return guarded(member, request, enable, '');
  if (kind !== 'users' && kind !== 'roles') return notFound;
  if (name.includes('/')) return { status: 400, headers: [json], body: messageJson('Invalid path') };
  const isList = name === '';
  if (kind === 'users') return guarded(member, request, isList ? listUsers : user, name);
  return guarded(member, request, isList ? listRoles : role, name);
}

export const refused: Answer = {
  status: 401,
  headers: [json],
  body: messageJson('Insufficient credentials'),
};

interface Outcome {
  readonly status?: number;
  readonly body: string;
}

type Handler = (auth: AuthStore, request: EtcdRequest, name: string) => Outcome;

/** Checks method and credentials, and turns what is thrown into an answer. A change is made in all members. */
function guarded(
  member: Member,
  request: EtcdRequest,
  handler: Handler,
  name: string,
): Answer | Promise<Answer> {
  const { method, headers } = request;
  const allowed = handler === listUsers || handler === listRoles ? ['GET'] : ['GET', 'PUT', 'DELETE'];
  if (!allowed.includes(method)) return methodNotAllowed(allowed.join(','));
  const isOpen = handler === enable && method === 'GET';
  if (!isOpen && !member.auth.allowsRoot(headers.authorization)) return refused;
  const known = [json, ['X-Etcd-Cluster-Id', member.cluster.id]] as const;
  const success = ({ status = 200, body }: Outcome): Answer => {
    return { status, headers: known, body: body === '' ? '' : `${body}\n` };
  };
  const failure = (error: unknown): Answer => {
    if (error instanceof AuthError)
      return { status: error.status, headers: known, body: messageJson(error.message) };
    if (!(error instanceof ProposalTimeout)) throw error;
    return { status: 500, headers: known, body: messageJson('Internal Server Error') };
  };
  try {
    if (method === 'GET') return success(handler(member.auth, request, name));
    const outcome = member.propose(({ auth }) => handler(auth, request, name));
    return outcome instanceof Promise ? outcome.then(success).catch(failure) : success(outcome);
  } catch (error) {
    return failure(error);
  }
}

function enable(auth: AuthStore, { method }: EtcdRequest): Outcome {
  if (method === 'GET') return { body: `{"enabled":${String(auth.enabled)}}` };
  if (method === 'PUT') auth.enable();
  else auth.disable();
  return { body: '' };
}

function listUsers(auth: AuthStore): Outcome {
  const known = new Map(auth.roles().map((each) => [each.role, each]));
  const users = auth.users().map((each) =>
    expandedJson(
      each,
      (each.roles ?? []).flatMap((r) => known.get(r) ?? []),
    ),
  );
  return { body: `{"users":${users.length === 0 ? 'null' : `[${users.join(',')}]`}}` };
}

function listRoles(auth: AuthStore): Outcome {
  return { body: `{"roles":[${auth.roles().map(roleJson).join(',')}]}` };
}

function user(auth: AuthStore, { method, body }: EtcdRequest, name: string): Outcome {
  if (method === 'GET') {
    const found = auth.user(name);
    return {
      body: expandedJson(
        found,
        (found.roles ?? []).map((each) => auth.role(each)),
      ),
    };
  }
  if (method === 'DELETE') {
    auth.deleteUser(name);
    return { body: '' };
  }
  const wanted = readUser(body);
  if (wanted.user !== name) throw new AuthError(400, 'User JSON name does not match the name in the URL');
  const hasRoles = wanted.roles !== null && wanted.roles.length > 0;
  if (wanted.grant.length > 0 || wanted.revoke.length > 0) {
    if (hasRoles) throw new AuthError(400, 'User JSON contains both roles and grant/revoke');
    return { body: userJson(auth.updateUser(wanted)) };
  }
  if (hasRoles) return { body: userJson(auth.createUser(wanted)) };
  if (auth.hasUser(name)) return { body: userJson(auth.updateUser(wanted)) };
  return { status: 201, body: userJson(auth.createUser(wanted)) };
}

function role(auth: AuthStore, { method, body }: EtcdRequest, name: string): Outcome {
  if (method === 'GET') return { body: roleJson(auth.role(name)) };
  if (method === 'DELETE') {
    auth.deleteRole(name);
    return { body: '' };
  }
  const wanted = readRole(body);
  if (wanted.role !== name) throw new AuthError(400, 'Role JSON name does not match the name in the URL');
  if (isEmpty(wanted.grant) && isEmpty(wanted.revoke)) {
    return { status: 201, body: roleJson(auth.createRole(wanted)) };
  }
  if (!isEmpty(wanted.permissions)) {
    throw new AuthError(400, 'Role JSON contains both permissions and grant/revoke');
  }
  return { body: roleJson(auth.updateRole(wanted)) };
}

function userJson({ user: name, roles }: User): string {
  return `{"user":${jsonString(name)},"roles":${stringsJson(roles)}}`;
}

/** A user with the whole of its roles. */
function expandedJson({ user: name }: User, roles: readonly Role[]): string {
  const shown = roles.length === 0 ? '' : `,"roles":[${roles.map(roleJson).join(',')}]`;
  return `{"user":${jsonString(name)}${shown}}`;
}

function roleJson({ role: name, permissions, grant, revoke }: Role): string {
  const granted = grant === undefined ? '' : `,"grant":${permissionsJson(grant)}`;
  const revoked = revoke === undefined ? '' : `,"revoke":${permissionsJson(revoke)}`;
  return `{"role":${jsonString(name)},"permissions":${permissionsJson(permissions)}${granted}${revoked}}`;
}

function permissionsJson({ read, write }: Permissions): string {
  return `{"kv":{"read":${stringsJson(read)},"write":${stringsJson(write)}}}`;
}

function stringsJson(all: readonly string[] | null): string {
  return all === null ? 'null' : `[${all.map(jsonString).join(',')}]`;
}
