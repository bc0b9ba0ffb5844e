import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ETCD_MODULE_OPTIONS, EtcdService } from 'nestjs-etcd';
import { AppModule } from '../../sample/02-control-room/src/app.module.js';
import type { KeyState, LockState, Sample } from '../../sample/02-control-room/src/live/live.types.js';
import { EtcdMember } from '../support/etcd-member.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';

interface Told {
  readonly keys: [key: string, state: KeyState | null][];
  readonly locks?: readonly LockState[];
  readonly samples: readonly Sample[];
}

/** What one page is told. */
class Page {
  snapshot: Told | undefined;
  readonly deltas: Told[] = [];
  hasEnded = false;
  private readonly end = new AbortController();

  constructor(url: string) {
    this.read(url).then(
      () => (this.hasEnded = true),
      () => undefined,
    );
  }

  /** The state of a key as the page knows it, or `null` when it was removed. */
  state(key: string): KeyState | null | undefined {
    const told = [this.snapshot, ...this.deltas].flatMap((each) => each?.keys ?? []);
    return told.findLast(([name]) => name === key)?.[1];
  }

  close(): void {
    this.end.abort();
  }

  private async read(url: string): Promise<void> {
    const response = await fetch(`${url}/live`, { signal: this.end.signal });
    let text = '';
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(
      new TextDecoderStream(),
    )) {
      const messages = `${text}${chunk}`.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const [, event, data] = /event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
        const told = JSON.parse(data ?? '') as Told;
        if (event === 'snapshot') this.snapshot = told;
        else this.deltas.push(told);
      }
    }
  }
}

describe('The control room', () => {
  let member: EtcdMember;
  let app: INestApplication;
  let etcd: EtcdService;
  let url: string;

  beforeAll(async () => {
    member = await EtcdMember.start();
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(ETCD_MODULE_OPTIONS)
      .useValue({ hosts: member.url, timeout: 2_000 })
      .compile();
    app = testing.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    etcd = app.get(EtcdService);
  });

  afterAll(async () => {
    await app.close();
    await member.stop();
  });

  const json = { 'content-type': 'application/json' };
  const edit = (key: string, value: string, seen: string, headers: Record<string, string> = json) =>
    rawRequest(`${url}/keys`, { method: 'PUT', headers, body: JSON.stringify({ key, value, seen }) });

  const openPage = async (): Promise<Page> => {
    const page = new Page(url);
    await waitFor(() => page.snapshot);
    return page;
  };

  describe('/live', () => {
    it('tells the whole state, and then what changes, whoever changes it', async () => {
      await etcd.set('/live/before', 'there');
      await waitFor(async () => {
        const page = await openPage();
        page.close();
        return page.state('/live/before')?.value === 'there';
      });
      const page = await openPage();
      expect(page.state('/live')).toMatchObject({ isDirectory: true });
      await etcd.set('/live/after', 'new', { ttl: 100 });
      await waitFor(() => page.state('/live/after'));
      expect(page.state('/live/after')).toEqual({ value: 'new', expires: true, index: expect.any(Number) });
      page.close();
    });

    it('gathers what comes in quick succession', async () => {
      const page = await openPage();
      const begin = performance.now();
      for (let i = 0; i < 200; i++) await etcd.set('/live/busy', String(i));
      await waitFor(() => page.state('/live/busy')?.value === '199');
      const messages = page.deltas.filter(({ keys }) => keys.some(([key]) => key === '/live/busy'));
      // One each 50 ms; a timer may be a millisecond early.
      expect(messages.length).toBeLessThanOrEqual((performance.now() - begin) / 49 + 1);
      page.close();
    });

    it('takes away each key of a directory that was removed, and none that was made since', async () => {
      await etcd.set('/gone/a/b', '1');
      const page = await openPage();
      await waitFor(() => page.state('/gone/a/b'));
      await etcd.delete('/gone', { recursive: true });
      await etcd.set('/gone/c', '2');
      await waitFor(() => page.state('/gone/c'));
      expect(['/gone/a/b', '/gone/a', '/gone'].map((key) => page.state(key))).toEqual([
        null,
        null,
        expect.objectContaining({ isDirectory: true }),
      ]);
      page.close();
    });

    it('tells the beginning of a long value', async () => {
      await etcd.set('/live/long', 'x'.repeat(10_000));
      const page = await openPage();
      await waitFor(() => page.state('/live/long'));
      expect(page.state('/live/long')).toMatchObject({ value: 'x'.repeat(4_096), isCut: true });
      page.close();
    });

    it('tells who holds a lock and who waits, by its name', async () => {
      const page = await openPage();
      const locks = () => page.deltas.findLast((told) => told.locks !== undefined)?.locks;
      await etcd.lock('live/7').run(async () => {
        const ask = await rawRequest(`${url}/locks`, {
          method: 'POST',
          headers: json,
          body: '{"name":"live/7"}',
        });
        expect(ask.status).toBe(202);
        await waitFor(() => locks()?.[0]?.entries.length === 2);
        expect(locks()).toMatchObject([{ name: 'live/7', entries: [{ isHere: false }, { isHere: false }] }]);
      });
      await waitFor(() => locks()?.[0]?.entries[0]?.isHere);
      page.close();
    });

    it('takes a sample of itself each second', async () => {
      const page = await openPage();
      // Where etcd was silent for long, there is none.
      const sample = await waitFor(() =>
        page.deltas.flatMap(({ samples }) => samples).find(({ latency }) => latency !== null),
      );
      expect(sample).toEqual({ events: expect.any(Number), latency: expect.any(Number) });
      page.close();
    });
  });

  describe('PUT /keys', () => {
    it('writes the value, and leaves the time to live as it is', async () => {
      await etcd.set('/edited/key', 'old', { ttl: 100 });
      expect((await edit('/edited/key', 'new', 'old')).status).toBe(204);
      const { node } = await etcd.get('/edited/key');
      expect(node.value).toBe('new');
      expect(node.ttl).toBeGreaterThan(90);
    });

    it('refuses when the key is not what the page has shown', async () => {
      await etcd.set('/edited/key', 'theirs');
      expect((await edit('/edited/key', 'mine', 'old')).status).toBe(409);
      expect((await edit('/edited/none', 'mine', 'old')).status).toBe(404);
      expect((await edit('/edited', 'mine', '')).status).toBe(409);
      expect((await edit('edited/key', 'mine', 'theirs')).status).toBe(400);
      expect((await etcd.get('/edited/key')).node.value).toBe('theirs');
    });
  });

  describe('What others may ask', () => {
    it.each([
      ['another site', { ...json, origin: 'http://evil.example' }, 403],
      ['another port of this machine', { ...json, origin: 'http://127.0.0.1:1' }, 403],
      ['a frame without an origin', { ...json, origin: 'null' }, 403],
      ['another site, as the browser says', { ...json, 'sec-fetch-site': 'cross-site' }, 403],
      ['another port, as the browser says', { ...json, 'sec-fetch-site': 'same-site' }, 403],
      ['a form', { 'content-type': 'text/plain' }, 415],
      ['a name that was made to point here', { ...json, host: 'evil.example' }, 403],
    ])('is nothing that changes keys: %s', async (_, headers, status) => {
      await etcd.set('/guarded', 'old');
      expect((await edit('/guarded', 'new', 'old', headers)).status).toBe(status);
      expect((await etcd.get('/guarded')).node.value).toBe('old');
    });

    it('is what the page itself sends', async () => {
      await etcd.set('/guarded', 'old');
      const headers = { ...json, origin: url, 'sec-fetch-site': 'same-origin' };
      expect((await edit('/guarded', 'new', 'old', headers)).status).toBe(204);
    });

    it('is no page and no state under another name', async () => {
      for (const path of ['/', '/live', '/page/app.js'])
        expect((await rawRequest(`${url}${path}`, { headers: { host: 'evil.example' } })).status).toBe(403);
    });

    it('is no file but those of the page', async () => {
      const index = await rawRequest(url);
      expect(index.headers['content-security-policy']).toContain("default-src 'none'");
      for (const [, path] of index.body.matchAll(/(?:src|href)="(\/page\/[^"]+)"/g))
        expect((await rawRequest(`${url}${path}`)).status).toBe(200);
      for (const path of ['..%2Fsrc%2Fmain.ts', 'constructor', 'README.md', 'none.js'])
        expect((await rawRequest(`${url}/page/${path}`)).status).toBe(404);
    });
  });

  it('lets the pages go when it ends', async () => {
    const page = await openPage();
    const begin = performance.now();
    await app.close();
    // The shutdown of what is held waits for 5 s at most.
    expect(performance.now() - begin).toBeLessThan(5_000);
    await waitFor(() => page.hasEnded);
  });
});
