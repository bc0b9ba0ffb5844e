import { once } from 'node:events';
import { connect } from 'node:net';

/** A request as it goes over the wire. */
export function bytesOf(method, target, body = '') {
  const type = body === '' ? '' : 'Content-Type: application/x-www-form-urlencoded\r\n';
  return `${method} ${target} HTTP/1.1\r\nHost: x\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A connection with one request at a time and nothing in between: what is measured is the server. */
export class RawConnection {
  #received = [];
  #resolve;
  #reject;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#reject?.(error));
    socket.on('close', () => this.#reject?.(new Error('The server has ended the connection')));
  }

  static async open(url) {
    const { port, hostname } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** @returns {Promise<number>} How many bytes the answer had. */
  send(bytes) {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.socket.write(bytes, 'latin1');
    });
  }

  close() {
    this.#reject = undefined;
    this.socket.destroy();
  }

  #receive(chunk) {
    this.#received.push(chunk);
    if (!this.#isComplete(chunk)) return;
    const length = this.#received.reduce((sum, { length: each }) => sum + each, 0);
    const status = this.#received[0].toString('latin1', 9, 12);
    this.#received = [];
    if (status.startsWith('2')) this.#resolve?.(length);
    else this.#reject?.(new Error(`The server has answered ${status}`));
  }

  #isComplete(chunk) {
    const first = this.#received[0];
    const end = first.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const length = /Content-Length: (\d+)/.exec(first.toString('latin1', 0, end))?.[1];
    if (length === undefined) return chunk.toString('latin1', chunk.length - 5) === '0\r\n\r\n';
    return this.#received.reduce((sum, each) => sum + each.length, 0) >= end + 4 + Number(length);
  }
}
