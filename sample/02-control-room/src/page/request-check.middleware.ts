import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ForbiddenException,
  Injectable,
  type NestMiddleware,
  UnsupportedMediaTypeException,
} from '@nestjs/common';

const ownHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;
const json = /^application\/json\s*(;|$)/i;
const answerHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Nobody logs in here, so that whatever page the browser shows could give orders to this process. It may only do what the page that
 * comes from here asks for.
 */
@Injectable()
export class RequestCheck implements NestMiddleware {
  use({ method, headers }: IncomingMessage, response: ServerResponse, next: () => void): void {
    for (const [name, value] of Object.entries(answerHeaders)) response.setHeader(name, value);
    const { host = '', origin, 'sec-fetch-site': site = 'same-origin', 'content-type': type = '' } = headers;
    // Another name that was made to point here (DNS rebinding) would be of the same origin as itself.
    if (!ownHost.test(host)) throw new ForbiddenException('Ask for 127.0.0.1 or localhost.');
    if (method !== 'GET' && method !== 'HEAD') {
      const isOwn = (origin === undefined || origin === `http://${host}`) && site === 'same-origin';
      if (!isOwn) throw new ForbiddenException('Another site may not change anything here.');
      // A form of another site cannot send JSON without asking first.
      if (!json.test(type)) throw new UnsupportedMediaTypeException('Send JSON.');
    }
    next();
  }
}
