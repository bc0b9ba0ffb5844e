import { HttpServer, type HttpServerOptions } from './http/http-server.js';

/** Listens at several ports. If one cannot be had, none is taken. */
export async function listenAll(
  ports: readonly number[],
  options: Omit<HttpServerOptions, 'port'>,
): Promise<HttpServer[]> {
  const tries = await Promise.allSettled(ports.map((port) => HttpServer.listen({ ...options, port })));
  const servers = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failure = tries.find((each) => each.status === 'rejected');
  if (failure === undefined) return servers;
  await Promise.all(servers.map((each) => each.close()));
  throw failure.reason;
}
