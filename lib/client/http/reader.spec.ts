import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { END, HttpStub, type StubReply } from '../../../test/support/http-stub.js';
import { waitFor } from '../../../test/support/wait-for.js';
import { Connector } from './connector.js';
import { ReaderConnection } from './reader-connection.js';
import { Reader } from './reader.js';

const head = 'HTTP/1.1 200 OK\r\nX-Etcd-Index: 7\r\nTransfer-Encoding: chunked\r\n\r\n';
const lastChunk = '0\r\n\r\n';
const whole = (text: string) => `${head}${text.length.toString(16)}\r\n${text}\r\n${lastChunk}`;

async function* steps(...all: (string | typeof END)[]): AsyncGenerator<string | typeof END> {
  for (const step of all) {
    yield step;
    await sleep(5);
  }
}

describe('Reader', () => {
  let stub: HttpStub;
  let connector: Connector;
  let reader: Reader;

  beforeEach(async () => {
    stub = await HttpStub.start(({ path }) => whole(path));
    connector = new Connector(undefined, 1_000);
    reader = open();
  });
  afterEach(async () => {
    reader.close();
    connector.close();
    await stub.stop();
  });

  const open = (authorization?: string) =>
    new Reader(
      () => {
        const client = new ReaderConnection(stub.url, connector);
        return { client, end: () => void client.close() };
      },
      { prefix: '/prefix', authorization, bytes: 1_000, silence: 1_000, connections: 8 },
    );
  const get = (path: string) => reader.get({ method: 'GET', path, read: true });

  it('asks for all at once over few connections, and gives each its answer', async () => {
    let count = 0;
    let arrived: () => void;
    const all = new Promise<void>((resolve) => (arrived = resolve));
    stub.handler = async ({ path }) => {
      // The first ones of each connection only, because the others stand behind them.
      if (++count === 8) arrived();
      await all;
      return whole(path);
    };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => get(`/${i}`)));
    expect(answers).toMatchObject(
      Array.from({ length: 50 }, (_, i) => ({ status: 200, etcdIndex: 7, body: `/prefix/${i}` })),
    );
    expect(stub.connections).toBe(8);
    expect(stub.requests[0]?.headers).toEqual({ host: new URL(stub.url).host });
    reader.close();
    await waitFor(() => stub.openConnections === 0);
    expect(await get('/late')).toMatchObject({ kind: 'failure', outcome: 'The reader is closed.' });
    expect(stub.requests).toHaveLength(50);
  });

  it('opens no second connection where the first is free', async () => {
    for (const path of ['/1', '/2', '/3']) expect(await get(path)).toMatchObject({ body: `/prefix${path}` });
    expect(stub.connections).toBe(1);
    await Promise.all([get('/4'), get('/5')]);
    expect(stub.connections).toBe(2);
  });

  it('sends the password with each', async () => {
    reader = open('Basic dTpw');
    await Promise.all([get('/1'), get('/2')]);
    expect(stub.requests.map(({ headers }) => headers['authorization'])).toEqual([
      'Basic dTpw',
      'Basic dTpw',
    ]);
  });

  it.each<[string, () => StubReply]>([
    ['an answer without a body', () => `${head}${lastChunk}`],
    ['an answer longer than the bound', () => whole('x'.repeat(1_001))],
    ['an answer that is cut off', () => steps(`${head}4\r\nh`, END)],
    ['what is no HTTP', () => 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['no answer at all', () => steps()],
  ])('fails by %s', async (_, reply) => {
    stub.handler = reply;
    expect(await get('/1')).toMatchObject({ kind: 'failure', phase: 'sent' });
  });

  it('fails what does not come after its head, and what stands behind it', async () => {
    async function* headAlone() {
      yield head;
      await sleep(2_000);
    }
    stub.handler = ({ path }) => (path === '/prefix/0' ? headAlone() : whole(path));
    const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => get(`/${i}`)));
    expect(answers.map((answer) => (answer.kind === 'answer' ? answer.body : answer.status))).toEqual([
      200,
      ...Array.from({ length: 7 }, (_, i) => `/prefix/${i + 1}`),
      undefined,
    ]);
    await waitFor(() => stub.openConnections === 0);
  });

  it('waits for what comes slowly, a head as well as a body', async () => {
    stub.handler = async function* answer({ path }) {
      await sleep(400);
      yield head;
      for (const letter of path) {
        yield `1\r\n${letter}\r\n`;
        await sleep(100);
      }
      yield lastChunk;
    };
    expect(await get('/1')).toMatchObject({ kind: 'answer', body: '/prefix/1' });
  });

  it('fails what cannot be sent, and does not wait for it', async () => {
    reader = new Reader(
      () => ({
        client: {
          dispatch: () => {
            throw new Error('no');
          },
        },
        end: () => undefined,
      }),
      { prefix: '', authorization: undefined, bytes: 1_000, silence: 1_000, connections: 2 },
    );
    expect(await Promise.all([get('/1'), get('/2'), get('/3')])).toMatchObject(
      Array.from({ length: 3 }, () => ({ kind: 'failure', outcome: 'no' })),
    );
    reader = new Reader(
      () => {
        throw new Error('none');
      },
      { prefix: '', authorization: undefined, bytes: 1_000, silence: 1_000, connections: 2 },
    );
    expect(await get('/4')).toMatchObject({ kind: 'failure', outcome: 'none' });
  });

  it('ends its connections when it is closed, those that are not connected yet as well', async () => {
    stub.handler = () => steps();
    const answers = [get('/1'), get('/2')];
    reader.close();
    expect(await Promise.all(answers)).toMatchObject([{ kind: 'failure' }, { kind: 'failure' }]);
    await waitFor(() => stub.openConnections === 0);
    expect(stub.requests).toEqual([]);
  });

  it('reads what has come before it gives up, when this process has stood still', async () => {
    stub.handler = async function* stop({ path }) {
      yield head;
      const end = performance.now() + 400;
      while (performance.now() < end);
      yield `${path.length.toString(16)}\r\n${path}\r\n${lastChunk}`;
    };
    expect(await get('/1')).toMatchObject({ kind: 'answer', body: '/prefix/1' });
  });
});
