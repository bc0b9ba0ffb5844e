import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { HandlerCrash } from '../auth/index.js';
import type { Member } from '../member.js';
import type { EmbeddedFault, Traffic } from '../traffic.js';
import { send } from './answer.js';
import {
  hostProblem,
  isTooLongAtFirst,
  leavesTooMuch,
  readBody,
  refuse,
  refuseUnreadable,
} from './connection.js';
import { cutAfter } from './cut-after.js';
import { messageJson } from './json.js';
import { longestForm, wantsForm } from './keys-handler.js';
import { route } from './router.js';
import { parseTarget, type Target } from './target.js';
import { sendWatch } from './watch-answer.js';

/** A server with etcd's limits, that is none. It does not listen yet, and answers nothing before {@link serve}. */
export function newHttpServer(): Server {
  const options = {
    keepAliveTimeout: 0,
    requestTimeout: 0,
    maxHeaderSize: 1_048_576,
    requireHostHeader: false,
  };
  const server = createServer(options);
  server.headersTimeout = 0;
  return server;
}

/** Answers what comes in as etcd does, as far as Node's HTTP server can. */
export function serve(server: Server, member: Member, traffic: Traffic): void {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    // A client that is gone is no error of the server's.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    respond(member, traffic, request, response).catch((error: unknown) => {
      if (response.headersSent || error instanceof HandlerCrash) response.destroy();
      else
        send(request, response, { status: 500, headers: [], body: messageJson(String(error)), close: true });
    });
  };
  server.on('request', answer);
  server.on('clientError', refuseUnreadable);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    send(request, response, { status: 417, headers: [['Connection', 'close']], body: '', origins: false });
  });
  // Go takes this method for one like the others. Node has let go of the connection, which ends with the answer.
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    answer(request, response);
  });
}

async function respond(
  member: Member,
  traffic: Traffic,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request;
  const fault = traffic.admit({ method, url });
  if (traffic.isPaused) await new Promise<void>((resolve) => traffic.whenRunning(resolve));
  if (isTooLongAtFirst(request)) {
    request.socket.resetAndDestroy();
    return;
  }
  const target = parseTarget(url);
  const problem = target === undefined ? '400 Bad Request' : hostProblem(request);
  if (target === undefined || problem !== undefined) {
    refuse(request.socket, problem ?? '400 Bad Request');
    return;
  }
  if (fault !== undefined && (await apply(fault, request, response))) return;
  await answerTarget(member, traffic, target, request, response);
}

async function answerTarget(
  member: Member,
  traffic: Traffic,
  { path, query }: Target,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', headers } = request;
  let body = '';
  const isAuth = path.startsWith('/v2/auth/') && method === 'PUT';
  if (isAuth || (path.startsWith('/v2/keys') && wantsForm({ method, headers }))) {
    const read = await readBody(request, longestForm);
    if (read === undefined) return;
    body = read;
    if (traffic.isPaused) await new Promise<void>((resolve) => traffic.whenRunning(resolve));
  }
  const answer = route(member, { method, path, query, headers, body });
  if ('watcher' in answer) {
    sendWatch(request, response, answer, traffic);
    return;
  }
  send(request, response, leavesTooMuch(request, body.length) ? { ...answer, close: true } : answer);
}

/** Lets a request go wrong. @returns whether that was all */
async function apply(
  fault: EmbeddedFault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if ('status' in fault) {
    send(request, response, { status: fault.status, headers: [], body: bytes(fault.body ?? '') });
    return true;
  }
  if ('reset' in fault) {
    request.socket.resetAndDestroy();
    return true;
  }
  if ('delay' in fault) await sleep(fault.delay, undefined, { ref: false });
  else cutAfter(request.socket, fault.cutAfterBytes);
  return request.socket.destroyed;
}

function bytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
