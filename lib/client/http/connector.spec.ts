import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { Certificates, type KeyPair } from '../../../test/support/certificates.js';
import { freePort, waitFor } from '../../../test/support/wait-for.js';
import type { EtcdTlsOptions } from '../options/index.js';
import { Connector } from './connector.js';

type Result = { readonly error: (Error & { code?: string }) | null; readonly socket: Socket | null };

/** One connection as undici asks for it; the result counts how often the callback was called. */
function connect(
  connector: Connector,
  port: number,
  protocol = 'http:',
): Promise<Result & { calls: number }> {
  return new Promise((resolve) => {
    const result = { error: null, socket: null, calls: 0 } as { -readonly [P in keyof Result]: Result[P] } & {
      calls: number;
    };
    connector.connect(
      { hostname: '127.0.0.1', host: `127.0.0.1:${port}`, protocol, port: String(port) },
      (...[error, socket]) => {
        result.calls++;
        result.error = error;
        result.socket = socket;
        // A second call would come right after the first.
        setTimeout(() => resolve(result), 20);
      },
    );
  });
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

describe('Connector', () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
  });

  function connector(tls?: EtcdTlsOptions, timeout = 1_000): Connector {
    const made = new Connector(tls, timeout);
    cleanUps.push(() => made.close());
    return made;
  }

  async function listen<S extends Server>(server: S, backlog?: number): Promise<S> {
    const open = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.on('error', () => undefined);
    });
    server.listen({ port: 0, host: '127.0.0.1', backlog });
    await waitFor(() => server.listening);
    cleanUps.push(async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return server;
  }

  it('connects, and tells who refuses', async () => {
    const server = await listen(createServer());
    const { error, socket, calls } = await connect(connector(), portOf(server));
    expect([error, calls]).toEqual([null, 1]);
    socket?.destroy();
    expect((await connect(connector(), await freePort())).error?.code).toBe('ECONNREFUSED');
  });

  describe('to an address that takes connections and says nothing', () => {
    // Nobody greets on TLS, so that the connection is never ready: what a black hole looks like from here.
    const mute = () => listen(createServer());

    it('gives up after its timeout', async () => {
      const server = await mute();
      const start = performance.now();
      const { error, calls } = await connect(
        connector({ rejectUnauthorized: false }, 200),
        portOf(server),
        'https:',
      );
      expect([error?.code, calls]).toEqual(['UND_ERR_CONNECT_TIMEOUT', 1]);
      expect(performance.now() - start).toBeLessThan(2_000);
    });

    it('ends the socket that is connecting when it is closed, and calls back once', async () => {
      const server = await mute();
      const made = connector({ rejectUnauthorized: false }, 60_000);
      const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
      const pending = connect(made, portOf(server), 'https:');
      const socket = await arrived;
      const gone = new Promise((resolve) => socket.once('close', resolve));
      socket.resume();
      made.close();
      const { error, calls } = await pending;
      expect([error?.message, calls]).toEqual(['It was closed while it connected.', 1]);
      await gone;
    });

    it('opens nothing once it is closed', async () => {
      const server = await mute();
      const made = connector();
      made.close();
      let connections = 0;
      server.on('connection', () => connections++);
      expect((await connect(made, portOf(server))).error?.message).toBe('The client is closed.');
      expect(connections).toBe(0);
    });
  });

  describe('with certificates', () => {
    let certificates: Certificates;
    let server: KeyPair;
    let directory: string;
    beforeAll(async () => {
      certificates = await Certificates.create();
      server = await certificates.issue();
      directory = await mkdtemp(join(tmpdir(), 'connector-'));
    });
    afterAll(async () => {
      certificates[Symbol.dispose]();
      await rm(directory, { recursive: true });
    });

    const serve = async ({ cert, key }: KeyPair): Promise<TlsServer> =>
      listen(
        createTlsServer({
          cert,
          key,
          ca: certificates.ca.cert,
          requestCert: true,
          rejectUnauthorized: false,
        }),
      );

    it('trusts the given authority only, and checks names', async () => {
      const port = portOf(await serve(server));
      const good = await connect(connector({ ca: certificates.ca.cert }), port, 'https:');
      expect(good.error).toBeNull();
      good.socket?.destroy();
      using others = await Certificates.create();
      expect((await connect(connector({ ca: others.ca.cert }), port, 'https:')).error?.code).toMatch(
        /SIGNATURE|SELF_SIGNED|VERIFY/,
      );
      expect((await connect(connector({}), port, 'https:')).error).not.toBeNull();
      const elsewhere = await connect(
        connector({ ca: certificates.ca.cert, serverName: 'evil.example' }),
        port,
        'https:',
      );
      expect(elsewhere.error?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    });

    it('reads a replaced file again for the next connection', async () => {
      const file = join(directory, 'ca.pem');
      using others = await Certificates.create();
      await writeFile(file, others.ca.cert);
      const port = portOf(await serve(server));
      const made = connector({ ca: file });
      expect((await connect(made, port, 'https:')).error).not.toBeNull();
      await writeFile(file, certificates.ca.cert);
      const { error, socket } = await connect(made, port, 'https:');
      expect(error).toBeNull();
      socket?.destroy();
    });

    it('fails the connection, and nothing else, while a certificate and its key do not fit', async () => {
      const other = await certificates.issue();
      const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
      await writeFile(cert, server.cert);
      await writeFile(key, other.key);
      const port = portOf(await serve(server));
      const made = connector({ ca: certificates.ca.cert, cert, key });
      const { error, calls } = await connect(made, port, 'https:');
      expect(calls).toBe(1);
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', option: 'tls' });
      expect(error?.message).toMatch(/KEY_VALUES_MISMATCH/);
      await writeFile(key, server.key);
      const repaired = await connect(made, port, 'https:');
      expect(repaired.error).toBeNull();
      repaired.socket?.destroy();
    });

    it('fails the connection for a key that is none, without its text', async () => {
      const tls = {
        cert: server.cert,
        key: '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----',
      };
      const { error, calls } = await connect(connector(tls), portOf(await listen(createServer())), 'https:');
      expect(calls).toBe(1);
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', option: 'tls' });
      expect(error?.message).not.toContain('secret');
    });

    it('names a file that it cannot read, but never what was given as the key', async () => {
      const port = await freePort();
      const absent = join(directory, 'absent.pem');
      const { error } = await connect(connector({ ca: absent }), port, 'https:');
      expect(error).toMatchObject({ code: 'ETCD_OPTIONS', option: 'tls.ca' });
      expect(error?.message).toContain(`cannot read '${absent}' (ENOENT)`);
      const { cert } = server;
      const keyless = await connect(connector({ cert, key: 'MIGHAgEAMBMsecret' }), port, 'https:');
      expect(keyless.error?.message).toContain('cannot read the file (ENOENT)');
      expect(keyless.error?.message).not.toContain('secret');
    });
  });
});
