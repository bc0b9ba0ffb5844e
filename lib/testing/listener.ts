import type { AddressInfo, Socket } from 'node:net';

import type { Member } from './cluster/index.js';
import { newHttpServer, serve } from './http/http-server.js';
import type { Traffic } from './traffic.js';

export interface Listener {
  readonly port: number;
  serve(member: Member, traffic: Traffic): void;
  close(): Promise<void>;
}

export async function listen(port: number): Promise<Listener> {
  const server = newHttpServer();
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve: (member, traffic) => serve(server, member, traffic),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Listens at several ports; the first one may be asked for. If one cannot be had, none is taken. */
export async function listenAll(count: number, port: number): Promise<Listener[]> {
  const tries = await Promise.allSettled(Array.from({ length: count }, (_, i) => listen(i === 0 ? port : 0)));
  const listeners = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failure = tries.find((each) => each.status === 'rejected');
  if (failure === undefined) return listeners;
  await Promise.all(listeners.map((each) => each.close()));
  throw failure.reason;
}
