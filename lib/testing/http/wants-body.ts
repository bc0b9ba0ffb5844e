import { cleanPath } from './clean-path.js';
import { parseMediaType } from './media-type.js';
import type { RequestHead } from './request-head.js';

/** Whether anybody reads the body of a request; any other one is passed over. */
export function wantsBody({
  method,
  path,
  headers,
}: Pick<RequestHead, 'method' | 'path' | 'headers'>): boolean {
  if (method !== 'PUT' && method !== 'POST') return false;
  if (isBelow(path, '/v2/keys')) return isForm(headers['content-type']) && isClean(path);
  if (method === 'PUT' && path.startsWith('/v2/auth/')) return isClean(path);
  return isBelow(path, '/v2/members') && isClean(path);
}

function isBelow(path: string, route: string): boolean {
  return path.startsWith(route) && (path.length === route.length || path[route.length] === '/');
}

/** Another path is redirected. */
function isClean(path: string): boolean {
  return cleanPath(path) === path;
}

const form = 'application/x-www-form-urlencoded';

function isForm(type: string | undefined): boolean {
  return type === form || (type !== undefined && parseMediaType(type).type === form);
}
