import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Traffic } from '../traffic.js';
import { writeHead } from './answer.js';
import { eventJson } from './json.js';
import type { WatchAnswer } from './keys-handler.js';

/**
 * Answers a watch: the head at once, then one event and the end, or one event after another. A reader that is too
 * slow is not waited for: what it does not take stays with the watcher, which etcd gives up when that gets too much.
 */
export function sendWatch(
  request: IncomingMessage,
  response: ServerResponse,
  { watcher, headers }: WatchAnswer,
  traffic: Traffic,
): void {
  writeHead(request, response, { status: 200, headers }, { chunked: request.httpVersion !== '1.0' });
  response.flushHeaders();
  const pass = (): void => {
    while (!response.writableNeedDrain && !response.writableEnded) {
      const event = watcher.take();
      if (event === undefined) return;
      if (watcher.stream) response.write(eventJson(event), 'latin1');
      else response.end(eventJson(event), 'latin1');
    }
  };
  const passWhenRunning = (): void => traffic.whenRunning(pass);
  response.on('drain', passWhenRunning);
  const forget = traffic.addWatch(() => response.destroy());
  response.on('close', () => {
    forget();
    watcher.remove();
  });
  watcher.onEvent(passWhenRunning);
}
