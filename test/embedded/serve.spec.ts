import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { serve, UsageError } from '../../lib/cli/serve.js';
import { EmbeddedEtcd } from '../../lib/testing/index.js';
import { rawRequest } from '../support/raw-request.js';
import { waitFor } from '../support/wait-for.js';

const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** The command, running. */
class Serving {
  readonly lines: string[] = [];
  readonly #interruption = new AbortController();
  readonly #ended: Promise<void>;

  constructor(...args: string[]) {
    this.#ended = serve(['serve', ...args], this.#interruption.signal, (line) => this.lines.push(line));
    this.#ended.catch(() => undefined);
  }

  /** @returns its address */
  async url(): Promise<string> {
    await waitFor(() => this.lines.length > 0, { interval: 2 });
    return /http:\S+\d/.exec(this.lines.join())?.[0] ?? '';
  }

  async end(): Promise<void> {
    this.#interruption.abort();
    await this.#ended;
  }
}

describe('nestjs-etcd serve', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'serve-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('serves until it is interrupted', async () => {
    const serving = new Serving('--port', '0');
    const url = await serving.url();
    expect((await rawRequest(`${url}/version`)).status).toBe(200);
    expect(serving.lines).toEqual([`etcd's v2 API is served at ${url}. Ctrl-C ends it.`]);
    await serving.end();
    await expect(rawRequest(`${url}/version`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('keeps what is stored in a file, which is its owner’s alone', async () => {
    const data = join(directory, 'tree.json');
    const first = new Serving('--port', '0', '--data', data);
    const url = `${await first.url()}/v2/keys/a`;
    await rawRequest(url, { method: 'PUT', headers, body: 'value=%C3%A9&ttl=600' });
    await waitFor(() => readFileSync(data, 'utf8').includes('"é"'), { what: 'the file' });
    expect(statSync(data).mode & 0o777).toBe(0o600);
    await rawRequest(url, { method: 'PUT', headers, body: 'value=last&ttl=600' });
    await first.end();

    const second = new Serving('--port', '0', '--data', data);
    const { body } = await rawRequest(`${await second.url()}/v2/keys/a`);
    expect(JSON.parse(body)).toMatchObject({
      node: { value: 'last', modifiedIndex: 5, ttl: expect.any(Number) },
    });
    await second.end();
  });

  it('says which file it did not write, and leaves it alone', async () => {
    const data = join(directory, 'other.json');
    for (const text of [
      '{"a":1}',
      'no JSON',
      '{"store":{"index":5,"nodes":[]}}',
      '{"store":{"index":5,"nodes":[null]}}',
    ]) {
      writeFileSync(data, text);
      await expect(serve(['serve', '--data', data], AbortSignal.abort(), () => undefined)).rejects.toThrow(
        `${data} is not what`,
      );
      expect(readFileSync(data, 'utf8')).toBe(text);
    }
  });

  it('says that a file cannot be written before it serves', async () => {
    const lines: string[] = [];
    const data = join(directory, 'none', 'tree.json');
    const served = serve(['serve', '--port', '0', '--data', data], AbortSignal.abort(), (line) =>
      lines.push(line),
    );
    await expect(served).rejects.toThrow(`${data} cannot be written`);
    expect(lines).toEqual([]);
  });

  it('tries again to keep what is stored, and says so once', async () => {
    const data = join(directory, 'kept', 'tree.json');
    mkdirSync(join(directory, 'kept'));
    const serving = new Serving('--port', '0', '--data', data);
    const url = await serving.url();
    rmSync(join(directory, 'kept'), { recursive: true });
    await rawRequest(`${url}/v2/keys/a`, { method: 'PUT', headers, body: 'value=kept' });
    await waitFor(() => serving.lines.length === 2, { what: 'the line' });
    expect(serving.lines[1]).toContain('cannot be kept');
    mkdirSync(join(directory, 'kept'));
    await waitFor(() => serving.lines.length === 3, { what: 'the other line' });
    expect(readFileSync(data, 'utf8')).toContain('"kept"');
    await serving.end();
  });

  it('says which port is taken', async () => {
    await using other = await EmbeddedEtcd.start();
    const port = new URL(other.url).port;
    await expect(serve(['serve', '--port', port], AbortSignal.abort(), () => undefined)).rejects.toThrow(
      `Port ${port} is in use`,
    );
  });

  it.each([
    [[], 'Say what to do.'],
    [['start'], "There is no command 'start'."],
    [['serve', 'more'], "There is no command 'serve more'."],
    [['serve', '--port', 'x'], "--port must be a number from 0 to 65535, not 'x'."],
    [['serve', '--port', '70000'], "not '70000'"],
    [['serve', '--data='], '--data must name a file.'],
    [['serve', '--host', 'x'], "Unknown option '--host'"],
  ])('refuses %j', async (args, problem) => {
    const served = serve(args, new AbortController().signal, () => undefined);
    await expect(served).rejects.toThrow(problem);
    await expect(served).rejects.toThrow('Usage: nestjs-etcd serve');
    await expect(served).rejects.toBeInstanceOf(UsageError);
  });

  it('explains itself', async () => {
    const lines: string[] = [];
    await serve(['--help'], AbortSignal.abort(), (line) => lines.push(line));
    expect(lines.join()).toContain('--data');
  });
});
