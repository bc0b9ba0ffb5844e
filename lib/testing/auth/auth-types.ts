/** A refusal of the auth API's. */
export class AuthError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'AuthError';
  }
}

/** What keys may be read and written; `null` for a side that was never given. */
export interface Permissions {
  readonly read: readonly string[] | null;
  readonly write: readonly string[] | null;
}

export interface Role {
  readonly role: string;
  readonly permissions: Permissions;
  /** Kept only because etcd keeps what it should have left out: both are empty. */
  readonly grant?: Permissions | undefined;
  readonly revoke?: Permissions | undefined;
}

export interface User {
  readonly user: string;
  readonly password: string;
  /** `null` if none were ever given. */
  readonly roles: readonly string[] | null;
}

/** What a request wants of a user. */
export interface UserRequest extends User {
  readonly grant: readonly string[];
  readonly revoke: readonly string[];
}

export const everything: Permissions = { read: ['/*'], write: ['/*'] };

export function isEmpty(permissions: Permissions | undefined): boolean {
  return !permissions?.read?.length && !permissions?.write?.length;
}
