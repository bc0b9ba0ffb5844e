import type { Seat } from './cluster/index.js';
import type { EmbeddedTls, ResolvedOptions } from './embedded-options.js';
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

/** Where to listen, but for the port. */
export function placeFor(tls: EmbeddedTls | undefined): Omit<HttpServerOptions, 'port'> {
  const host = '127.0.0.1';
  if (tls === undefined) return { host };
  const { cert, key, ca } = tls;
  const mutual = { ca, requestCert: true, rejectUnauthorized: true };
  return { host, tls: { cert, key, ...(ca === undefined ? undefined : mutual) } };
}

/** What each member of a cluster begins with, and its own address. */
export function seatsFor(
  servers: readonly HttpServer[],
  names: readonly string[],
  { tls, advertise }: ResolvedOptions,
): (Seat & { readonly url: string })[] {
  return servers.map(({ port }, i) => {
    const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    // Nobody listens there: it is what the ids are made of.
    const peerURL = `http://127.0.0.1:${(port % 65_535) + 1}`;
    return { name: names[i] as string, url, clientURL: advertise[i] ?? url, peerURL };
  });
}
