import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** etcd gives a new connection up if its first line is longer than this, without a word (protocol page, 1.1). */
const longestFirstLine = 4_094;

const used = new WeakSet<Socket>();

/** Whether a request is the first one of its connection, and too long for that. */
export function isTooLongAtFirst({ socket, method = '', url = '', httpVersion }: IncomingMessage): boolean {
  if (used.has(socket)) return false;
  used.add(socket);
  return `${method} ${url} HTTP/${httpVersion}`.length > longestFirstLine;
}

/** What Go has against the `Host` of a request. */
export function hostProblem({ rawHeaders, httpVersion }: IncomingMessage): string | undefined {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  if (hosts > 1) return '400 Bad Request';
  return hosts === 0 && httpVersion === '1.1' ? '400 Bad Request: missing required Host header' : undefined;
}

/** What Go answers when it cannot read a request. */
export function refuse(socket: Socket, status: string): void {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n`;
  socket.write(`${head}${status}`);
  socket.destroySoon();
}

/** Answers what Node's parser has refused. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
  else if (error.code === 'HPE_HEADER_OVERFLOW') refuse(socket, '431 Request Header Fields Too Large');
  else refuse(socket, '400 Bad Request');
}

/** So much of a body Go does not read for nothing, in bytes, to go on with the connection. */
const tooMuch = 256 * 1_024;

/** Whether so much of a body is left that Go closes the connection. @param read how many bytes were of use */
export function leavesTooMuch({ headers }: IncomingMessage, read: number): boolean {
  return Number(headers['content-length'] ?? 0) - read >= tooMuch;
}

/** Collects a body, up to one byte more than it may have. @returns `undefined` if it breaks off */
export function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      // The rest of a body that is too long runs past.
      if (length > limit) return;
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) resolve(Buffer.concat(chunks, limit + 1).toString('latin1'));
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    request.on('close', () => resolve(undefined));
  });
}
