export { EtcdAuth } from './auth.js';
export { EtcdRoles, type EtcdPermissions, type EtcdRole } from './roles.js';
export { EtcdUsers, type EtcdUser } from './users.js';
