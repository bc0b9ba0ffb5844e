export { LockInterceptor } from './lock.interceptor.js';
