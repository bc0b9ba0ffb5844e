export { readRole, readUser } from './auth-json.js';
export { AuthStore } from './auth-store.js';
export { AuthError, isEmpty, type Permissions, type Role, type User } from './auth-types.js';
export { HandlerCrash } from './patterns.js';
