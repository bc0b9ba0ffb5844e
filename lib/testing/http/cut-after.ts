import type { Socket } from 'node:net';

type Write = (chunk: string | Uint8Array, encoding?: BufferEncoding, callback?: () => void) => boolean;

/** Cuts a connection once so many bytes more have been written to it. */
export function cutAfter(socket: Socket, limit: number): void {
  const write: Write = socket.write.bind(socket);
  let left = limit;
  const limited: Write = (chunk, encoding, callback) => {
    const data = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    if (data.length <= left) {
      left -= data.length;
      return write(data, undefined, callback);
    }
    const rest = data.subarray(0, left);
    left = 0;
    if (rest.length === 0) socket.destroy();
    else write(rest, undefined, () => socket.destroy());
    return false;
  };
  Object.defineProperty(socket, 'write', { value: limited, configurable: true });
}
