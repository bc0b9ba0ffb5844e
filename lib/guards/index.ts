export { LockGuard } from './lock.guard.js';
