export { readRole, readUser } from './auth-json.js';
export type { AuthSnapshot } from './auth-snapshot.js';
export { AuthStore } from './auth-store.js';
export { AuthError, everything, isEmpty, type Permissions, type Role, type User } from './auth-types.js';
export { HandlerCrash } from './patterns.js';
