import type { Answer } from './answer.js';
import type { EtcdRequest } from './etcd-request.js';
import type { WatchAnswer } from './keys-handler.js';

/**
 * Answers a request: at once, later, or never. What it throws ends the connection without an answer if it is a
 * `HandlerCrash`, and is answered with status 500 if it is anything else.
 */
export type Handler = (request: EtcdRequest) => Answer | WatchAnswer | Promise<Answer | WatchAnswer>;
