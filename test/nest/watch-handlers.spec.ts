import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type EtcdEvent, EtcdService, EtcdWatch } from 'nestjs-etcd';
import { EtcdMember } from '../support/etcd-member.js';
import { waitFor } from '../support/wait-for.js';
import { CapturingLogger } from './capturing-logger.js';
import { Watching } from './watching.js';

/** What has happened, in a few words. */
const brief = ({ action, key }: EtcdEvent) => `${action} ${key}`;

describe('The handlers of one watch', () => {
  let etcd: EtcdMember;
  let started: string[];
  let running: Map<string, () => void>;
  let most: number;

  beforeAll(async () => {
    etcd = await EtcdMember.start();
  });

  afterAll(() => etcd.stop());

  beforeEach(() => {
    started = [];
    running = new Map();
    most = 0;
  });

  /** Runs until it is ended. */
  const work = async (name: string) => {
    started.push(name);
    const ended = new Promise<void>((resolve) => running.set(name, resolve));
    most = Math.max(most, running.size);
    await ended;
    running.delete(name);
  };

  const end = async (name: string) => {
    const ends = await waitFor(() => running.get(name), { what: `${name} to run` });
    ends();
  };

  const setAll = async (service: EtcdService, directory: string, names: readonly string[]) => {
    for (const name of names) await service.set([directory, name], '');
  };

  it('run one at a time and in order, however long each takes', async () => {
    @Injectable()
    class Slow {
      @EtcdWatch('/slow', { recursive: true })
      onChange({ key }: EtcdEvent) {
        return work(key);
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Slow] });
    await setAll(app.etcd, 'slow', ['a', 'b', 'c']);
    await waitFor(() => started.length === 1);
    // Nothing can be waited for: that the others do not start is the point.
    await sleep(100);
    expect(started).toEqual(['/slow/a']);
    for (const name of ['a', 'b', 'c']) await end(`/slow/${name}`);
    expect(started).toEqual(['/slow/a', '/slow/b', '/slow/c']);
    expect(most).toBe(1);
  });

  it('run beside each other with `concurrency`, started in order and never more of them', async () => {
    @Injectable()
    class Parallel {
      @EtcdWatch('/parallel', { recursive: true, concurrency: 3 })
      onChange({ key }: EtcdEvent) {
        return work(key);
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Parallel] });
    await setAll(app.etcd, 'parallel', ['a', 'b', 'c', 'd', 'e']);
    await waitFor(() => running.size === 3);
    await end('/parallel/b');
    await waitFor(() => running.has('/parallel/d'));
    await end('/parallel/d');
    await waitFor(() => running.has('/parallel/e'));
    for (const name of ['a', 'c', 'e']) await end(`/parallel/${name}`);
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `/parallel/${name}`));
    expect(most).toBe(3);
  });

  it('leave with the watcher what they cannot take yet, which becomes one `resync` past its bounds', async () => {
    const events: EtcdEvent[] = [];
    @Injectable()
    class Busy {
      @EtcdWatch('/busy', { recursive: true, buffer: 2 })
      async onChange(event: EtcdEvent) {
        events.push(event);
        if (events.length === 1) await work('first');
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Busy] });
    const witness = app.etcd.watch('/busy', { recursive: true });
    await witness.ready;
    await setAll(app.etcd, 'busy', ['a']);
    await waitFor(() => running.has('first'));
    await setAll(app.etcd, 'busy', ['b', 'c', 'd', 'e']);
    // The client has got them all, so that there are more than the buffer takes.
    for (let i = 0; i < 5; i++) await witness.next();
    await end('first');
    await waitFor(() => events.length === 2);
    expect(events[1]).toMatchObject({ action: 'resync', reason: 'overflow' });
    expect(events[1]?.node?.children).toHaveLength(5);
  });

  it('go on after one of them has failed, which is logged once and told on events$', async () => {
    const thrown = [new TypeError('thrown'), new Error('rejected'), 'a text', undefined];
    @Injectable()
    class Failing {
      private count = 0;

      @EtcdWatch('/failing', { recursive: true, initial: true })
      onChange(event: EtcdEvent): Promise<void> | undefined {
        started.push(brief(event));
        const error = thrown[this.count++];
        // oxlint-disable typescript/only-throw-error, typescript/prefer-promise-reject-errors -- others may throw anything
        if (this.count === 2) return Promise.reject(error);
        if (this.count <= thrown.length) throw error;
        // oxlint-enable typescript/only-throw-error, typescript/prefer-promise-reject-errors
        return undefined;
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url }, providers: [Failing] });
    await waitFor(() => started.length === 1);
    await setAll(app.etcd, 'failing', ['a', 'b', 'c', 'd']);
    await waitFor(() => started.length === 5);
    expect(started).toEqual([
      'resync /failing',
      ...['a', 'b', 'c', 'd'].map((name) => `set /failing/${name}`),
    ]);
    const failed = app.of('watch.handler.failed');
    expect(failed).toEqual(
      ['/failing', '/failing/a', '/failing/b', '/failing/c'].map((key, i) => ({
        type: 'watch.handler.failed',
        connection: undefined,
        handler: 'Failing#onChange',
        key,
        index: expect.any(Number),
        error: thrown[i],
      })),
    );
    expect(failed[0]?.error).toBe(thrown[0]);
    const { node } = await app.etcd.get('/failing/a');
    expect(failed[1]?.index).toBe(node.modifiedIndex);
    expect(app.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringMatching(/^error Failing#onChange failed for \/failing at index \d+: TypeError: thrown$/),
      `error Failing#onChange failed for /failing/a at index ${node.modifiedIndex}: Error: rejected`,
      expect.stringMatching(/ failed for \/failing\/b at index \d+: a text$/),
      expect.stringMatching(/ failed for \/failing\/c at index \d+: undefined$/),
    ]);
  });

  it('are logged by the logger of the options, where there is one, even if that fails too', async () => {
    class Broken extends CapturingLogger {
      override error(message: unknown, ...rest: unknown[]) {
        super.error(message, ...rest);
        throw new Error('disk full');
      }
    }
    const logger = new Broken();
    @Injectable()
    class Failing {
      @EtcdWatch('/failing-log', { recursive: true })
      onChange({ key }: EtcdEvent) {
        started.push(key);
        throw new Error('no');
      }
    }
    await using app = await Watching.start({ options: { hosts: etcd.url, logger }, providers: [Failing] });
    await setAll(app.etcd, 'failing-log', ['a', 'b']);
    await waitFor(() => app.of('watch.handler.failed').length === 2);
    expect(started).toHaveLength(2);
    expect(app.lines).toEqual([]);
    // The stack is given beside the message, for loggers that take it.
    expect(logger.lines[0]).toMatchObject({
      level: 'error',
      message: expect.stringContaining('Failing#onChange failed'),
      context: expect.stringContaining('watch-handlers.spec.ts'),
    });
  });
});
